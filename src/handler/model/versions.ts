import type { Requester } from './declared-secret';
import type { Origin } from './ownership';
import type { ExistingSecret } from './secret';

/**
 * The id of the version that a request writes: it tells who wrote the value, and when. A second delivery of the request
 * finds its own version by it; a rollback finds what the failed deployment wrote.
 */
export function versionIdOf({ requestId, sentAt }: Requester): string {
  return sentAt === undefined ? requestId : `${requestId}-${stamp(sentAt)}`;
}

/** When the request was sent that wrote the version; undefined for a version that this library did not write. */
export function writtenAt(versionId: string): number | undefined {
  const [, year, month, day, hour, minute, second] = STAMPED.exec(versionId) ?? [];
  return year === undefined ? undefined : Date.UTC(+year, +month - 1, +day, +hour, +minute, +second);
}

/** Whether a request wrote the version. */
export function isWrittenBy(requestId: string, versionId: string): boolean {
  return versionId === requestId || (versionId.startsWith(`${requestId}-`) && STAMPED.test(versionId));
}

/** Whether a version was written when a resource got hold of the secret, or later. */
export function isWrittenSince({ requestId, at = Infinity }: Origin, versionId: string): boolean {
  return isWrittenBy(requestId, versionId) || (writtenAt(versionId) ?? 0) > at;
}

export function versionWith(label: string, { versions }: Pick<ExistingSecret, 'versions'>): string | undefined {
  return Object.keys(versions).find((id) => versions[id].includes(label));
}

/** The version that becomes current again when the current one makes way; undefined where that has not taken its place. */
export function versionBefore(current: string | undefined, secret: ExistingSecret): string | undefined {
  if (current === undefined) return undefined;
  const before = versionWith('AWSPREVIOUS', secret);
  // A version that has made way for this one was written later.
  // @defence only-what-took-its-place: return before
  return before !== undefined && isOlder(before, current) ? before : undefined;
}

function isOlder(one: string, other: string): boolean {
  return (writtenAt(one) ?? 0) <= (writtenAt(other) ?? Infinity);
}

const STAMPED = /^.{36}-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

function stamp(time: number): string {
  return new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
}
