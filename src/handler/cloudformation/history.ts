import type { StackEvent } from '@aws-sdk/client-cloudformation';
import type { Deployment } from '../model/deployment';

/*
 * What the events of a stack tell, the latest first. Their times and the time that CloudFormation puts on its requests are of
 * one clock.
 */

type Events = AsyncIterable<StackEvent>;

/** A deployment has reached what it was for; the clean-up that may follow belongs to it. */
const COMPLETED = ['CREATE_COMPLETE', 'IMPORT_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS'];

/** An operation on a stack begins. */
const BEGINS = /^(CREATE|UPDATE|IMPORT|DELETE)_IN_PROGRESS$/;

/** A deployment has been undone, its clean-up included. */
const UNDONE = ['IMPORT_ROLLBACK_COMPLETE', 'ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE'];

/**
 * What became of the deployment of a stack to which a request belongs. The answer stays the same however late it is asked for.
 * A deletion of the stack is no deployment.
 *
 * @param at When the request was sent; where that is not known, no deployment that is under way can be excluded
 * @param askedAt When the request was sent that asks. What a clean-up takes away has no part in the deployment that it
 *   completes: an attempt before it may have failed, and not have been rolled back
 */
export async function deploymentIn(
  events: Events,
  stackId: string,
  at?: number,
  askedAt?: number,
): Promise<Deployment> {
  // A request tells whole seconds.
  const from = wholeSeconds(at ?? 0);
  const wasSent = (time = new Date(0)) => askedAt === undefined || wholeSeconds(time.getTime()) <= askedAt;
  let before = askedAt === undefined;
  let idle: boolean | undefined;
  let undone = false;
  let oldest = Infinity;
  for await (const { PhysicalResourceId: id, ResourceStatus: status = '', Timestamp: time } of events) {
    if (id !== stackId) continue;
    // @defence taken-away-by-clean-up: before = true
    before ||= BEGINS.test(status) && wasSent(time);
    if (status.startsWith('DELETE_')) continue;
    const completed = COMPLETED.includes(status);
    const atRest = completed || UNDONE.includes(status);
    idle ??= atRest;
    // @defence unknown-as-when-asked: if (at === undefined) return { outcome: idle ? 'completed' : 'under way', idle }
    if (at === undefined && wasSent(time)) return { outcome: atRest ? 'completed' : 'under way', idle };
    oldest = time?.getTime() ?? oldest;
    if (oldest < from) return { outcome: undone ? 'undone' : 'under way', idle };
    if (completed && before) return { outcome: 'completed', idle };
    undone ||= UNDONE.includes(status);
  }
  // Events are kept for 90 days; what is older was not left unfinished for so long.
  const forgotten = from < wholeSeconds(oldest);
  return { outcome: forgotten ? 'completed' : undone ? 'undone' : 'under way', idle: idle ?? true };
}

/** Whether the resource was deleted, as what it was under this id, since a request was sent. */
export async function wasDeletedSince(
  events: Events,
  resource: { readonly logicalId: string; readonly physicalId: string },
  sentAt: number,
): Promise<boolean> {
  for await (const { LogicalResourceId, PhysicalResourceId, ResourceStatus, Timestamp } of events) {
    if ((Timestamp?.getTime() ?? 0) < sentAt) return false;
    const isIt = LogicalResourceId === resource.logicalId && PhysicalResourceId === resource.physicalId;
    if (isIt && ResourceStatus === 'DELETE_COMPLETE') return true;
  }
  return false;
}

function wholeSeconds(time: number): number {
  return Math.floor(time / 1_000) * 1_000;
}
