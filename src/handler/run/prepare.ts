import { type Changes, changesOf, valueToRestore, valueToUpdate } from '../model/changes';
import type { ValueSource } from '../model/declared-secret';
import { claim, isClaimedBy, stillHeld, type Tags } from '../model/ownership';
import { claimedProtection, keptProtection } from '../model/purge-protection';
import type { ExistingSecret } from '../model/secret';
import { assertTemplate } from '../secret-value';
import type { Attempt } from './attempt';
import {
  assertFree,
  assertKeyAlive,
  assertLetGo,
  assertNamed,
  assertReleasedByNativeStack,
  assertReplicable,
  assertTagsFit,
} from './guards';

/*
 * Everything between a decision and the first change: what is going to be done, or why not. It reads, and throws what the
 * person who deploys is told, so that it can also be asked beforehand (src/cli).
 */

/** What is going to be done with a secret that is there. */
export interface Prepared {
  readonly changes: Changes;
  /** What to write; undefined to keep the value that the secret has. */
  readonly value: ValueSource | undefined;
}

/** What a declaration alone can be refused for. */
export function assertDeclared(attempt: Attempt): void {
  assertNamed(attempt);
  const { value } = attempt.declared;
  if (value.kind === 'generated') assertTemplate(value.options);
}

export async function prepareCreation(attempt: Attempt): Promise<void> {
  const { declared } = attempt;
  await assertTagsFit(attempt, {}, { setTags: declared.tags, removeTags: [] });
  await assertReplicable(
    attempt,
    declared.replicas.map(({ region }) => region),
  );
}

export async function prepareRestore(attempt: Attempt, secret: ExistingSecret): Promise<Prepared> {
  const { declared, requester } = attempt;
  // @defence restore-key-alive
  await assertKeyAlive(attempt, secret);
  // @defence restore-let-go
  await assertReleasedByNativeStack(attempt, secret);
  // @defence restores-what-is-free
  await assertLetGo(attempt, secret);
  const foreign = secret.ownership.owner !== declared.owner;
  // A take-over long ago left who held the secret then, which a rollback must not take for the holder before this one.
  // @defence forget-old-take-over: const takenFrom = foreign ? secret.ownership : undefined
  const takenFrom = foreign || secret.ownership.previous ? secret.ownership : undefined;
  const tags = { ...claim(declared, requester, 'RESTORED', takenFrom), ...protectionTags(attempt, secret) };
  const changes = changesOf(secret, declared, tags);
  await assertFits(attempt, secret, changes);
  return { changes, value: valueToRestore(secret, declared) };
}

export async function prepareAdoption(attempt: Attempt, secret: ExistingSecret): Promise<Prepared> {
  const { declared, requester } = attempt;
  // @defence adopt-key-alive
  await assertKeyAlive(attempt, secret);
  // @defence adopt-let-go
  await assertReleasedByNativeStack(attempt, secret);
  // @defence not-held-elsewhere
  await assertFree(attempt, secret);
  const claimed = claim(declared, requester, 'ADOPTED', secret.ownership);
  const changes = changesOf(secret, declared, { ...claimed, ...claimedProtection(declared, secret.tags) });
  await assertFits(attempt, secret, changes);
  return { changes, value: valueToRestore(secret, declared) };
}

/** @param scheduled Whether somebody has scheduled the secret, so that it is restored first */
export async function prepareRevision(attempt: Attempt, secret: ExistingSecret, scheduled: boolean): Promise<Prepared> {
  const { declared, before, requester } = attempt;
  const changes = changesOf(secret, declared, stillHeld(declared, requester, secret.tags), before);
  await assertFits(attempt, secret, changes);
  // @defence update-key-alive
  if (scheduled) await assertKeyAlive(attempt, secret);
  return { changes, value: valueToUpdate(secret, declared, before) };
}

async function assertFits(attempt: Attempt, secret: ExistingSecret, changes: Changes): Promise<void> {
  await assertTagsFit(attempt, secret.tags, changes);
  await assertReplicable(
    attempt,
    changes.addReplicas.map(({ region }) => region),
  );
}

/** Another delivery of the request may have claimed the secret already, while it is seen as scheduled still. */
function protectionTags({ declared, requester }: Attempt, { ownership, tags }: ExistingSecret): Tags {
  // @defence protection-before
  if (isClaimedBy(requester, ownership)) return keptProtection(declared, tags);
  return claimedProtection(declared, tags);
}
