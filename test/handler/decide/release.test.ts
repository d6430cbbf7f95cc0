import {
  decideRelease,
  dependsOnDeployment,
  type Memory,
  type Reason,
  type Release,
} from '../../../src/handler/decide/release';
import type { Requester } from '../../../src/handler/model/declared-secret';
import type { Deployment } from '../../../src/handler/model/deployment';
import type { Tags } from '../../../src/handler/model/ownership';
import type { ExistingSecret } from '../../../src/handler/model/secret';
import { versionIdOf } from '../../../src/handler/model/versions';
import { NO_WINDOW, OWNERSHIP_TAG } from '../../../src/private/contract';
import {
  BANK,
  declared,
  existing,
  heldBy,
  holdingOf,
  REPLICA,
  requester,
  SCHEDULED,
  SHOP,
  without,
} from '../existing-secret';

const { owner, stackId, logicalId, origin, previousOwner, previousStackId, previousLogicalId } = OWNERSHIP_TAG;
const FORCE = { ForceDeleteWithoutRecovery: 'true' };

/** The request with which the resource got hold of the secret, and the one that lets go of it. */
const FIRST: Requester = { ...SHOP, type: 'Create' };
const DELETE: Requester = { ...requester('shop', 'Db'), type: 'Delete' };
const SENT_AT = SHOP.sentAt ?? 0;

const CREATED = heldBy(FIRST);
const RESTORED = heldBy(FIRST, 'RESTORED');
const TAKEN = heldBy(FIRST, 'RESTORED', holdingOf(BANK));
const TAKEN_FROM_NOBODY = heldBy(FIRST, 'RESTORED', {});
const ADOPTED = heldBy(FIRST, 'ADOPTED', holdingOf(BANK));
const RECORDLESS = without(ADOPTED, previousOwner, previousStackId, previousLogicalId);

const COMPLETED: Deployment = { outcome: 'completed', idle: true };
const UNKNOWN: Deployment = { outcome: 'unknown', idle: false };
const UNFINISHED: Deployment = { outcome: 'under way', idle: false };

const removal = (deployment = COMPLETED): Reason => ({ kind: 'removal', deployment });
const failedDeployment = (deployment = UNFINISHED): Reason => ({ kind: 'failed deployment', deployment });
const failedRequest = (requestId: string, memory?: Memory): Reason => ({ kind: 'failed request', requestId, memory });

const decide = (found: ExistingSecret | undefined, reason: Reason, given = {}, by = DELETE) =>
  decideRelease(found, declared(given), by, reason);

/** A decision in words, without the reasons for it. */
function told(decision: Release): string {
  if (decision.do === 'give-back') return `back to ${decision.to.owner || 'nobody'}`;
  if (decision.do !== 'schedule') return decision.do;
  const whose = decision.ownerTo ? ` as ${decision.ownerTo.owner || 'nobody'}'s` : '';
  return `${decision.restoreFirst ? 'restore, then ' : ''}schedule${whose}`;
}

/** Whatever may be found, what its resource's removal makes of it, and what the end of an unfinished deployment does. */
const TABLE: [name: string, found: ExistingSecret | undefined, teardown: string, undone: string][] = [
  ['nothing', undefined, 'leave', 'leave'],
  ['a replica', existing(CREATED, REPLICA), 'leave', 'leave'],

  ['what it created', existing(CREATED), 'schedule', 'schedule'],
  ['what it restored', existing(RESTORED), 'schedule', 'schedule'],
  ['what it restored for itself', existing(TAKEN), 'schedule', "schedule as bank's"],
  ["what was nobody's", existing(TAKEN_FROM_NOBODY), 'schedule', "schedule as nobody's"],
  ['what it adopted', existing(ADOPTED), 'schedule', 'back to bank'],
  ['what nobody had', existing(heldBy(FIRST, 'ADOPTED', {})), 'schedule', 'back to nobody'],

  ['what it had begun to return', existing({ ...TAKEN, [owner]: 'bank' }), 'leave', "schedule as bank's"],
  ['the same, to nobody', existing(without(TAKEN_FROM_NOBODY, owner)), 'schedule', "schedule as nobody's"],
  ['what it adopted from whom nobody knows', existing(RECORDLESS), 'schedule', 'leave'],
  ['what it holds nobody knows how', existing(without(CREATED, origin)), 'schedule', 'leave'],
  ['the same, from the bank', existing(without(ADOPTED, origin)), 'schedule', 'back to bank'],
  ['what has lost its owner', existing(without(CREATED, owner)), 'schedule', 'schedule'],
  ['what has lost its stack', existing(without(CREATED, stackId)), 'schedule', 'schedule'],
  ['what has lost its resource', existing(without(CREATED, logicalId)), 'schedule', 'schedule'],

  ['scheduled, created', existing(CREATED, SCHEDULED), 'leave', 'leave'],
  ['scheduled, restored', existing(RESTORED, SCHEDULED), 'leave', 'leave'],
  ['scheduled, adopted', existing(ADOPTED, SCHEDULED), 'leave', "restore, then schedule as bank's"],
  ['scheduled as its own', existing(TAKEN, SCHEDULED), 'leave', "restore, then schedule as bank's"],
  ["the same, nobody's", existing(TAKEN_FROM_NOBODY, SCHEDULED), 'leave', "restore, then schedule as nobody's"],
  ['scheduled and returned', existing({ ...TAKEN, [owner]: 'bank' }, SCHEDULED), 'leave', 'leave'],
  ['the same, to nobody', existing(without(TAKEN_FROM_NOBODY, owner), SCHEDULED), 'leave', 'leave'],
  ['scheduled, nobody knows how', existing(without(TAKEN, origin), SCHEDULED), 'leave', 'leave'],
  // A person gave it away, or an attempt changed the owner that failed like the one that got hold of it.
  ['of another owner', existing({ ...CREATED, [owner]: 'depot' }), 'leave', 'schedule'],
  ['taken, and of another owner', existing({ ...TAKEN, [owner]: 'depot' }), 'leave', "schedule as bank's"],
  ['scheduled by another', existing({ ...TAKEN, [logicalId]: 'Other' }, SCHEDULED), 'leave', 'leave'],
];

const NOT_HELD: [name: string, found: ExistingSecret, holder: string][] = [
  ['of the bank', existing(heldBy(BANK)), `Vault of ${BANK.stackId}`],
  ['of another resource', existing({ ...CREATED, [logicalId]: 'Other' }), `Other of ${SHOP.stackId}`],
  ['of another life', existing({ ...CREATED, [stackId]: 'arn:shop/2' }), 'Db of arn:shop/2'],
  ['without a trace of owner and stack', existing(without(CREATED, owner, stackId)), 'Db of no stack'],
  ['without any tags', existing({}), 'nobody of no stack'],
];

const EVERYTHING = [...TABLE.map(([, found]) => found), ...NOT_HELD.map(([, found]) => found)];

describe('letting go of', () => {
  test.each(TABLE)('%s', (_, found, teardown, undone) => {
    expect(told(decide(found, removal()))).toBe(teardown);
    // However CloudFormation ends what never completed: a rollback, a Delete of the stack, an id that it made up.
    expect(told(decide(found, removal(UNFINISHED)))).toBe(undone);
    expect(told(decide(found, removal({ outcome: 'undone', idle: true })))).toBe(undone);
    expect(told(decide(found, failedDeployment()))).toBe(undone);
    // A Create that failed and could not undo it: its Delete does, for what that very request got hold of.
    const own = found?.ownership.origin ? undone : 'leave';
    expect(told(decide(found, failedRequest(FIRST.requestId)))).toBe(own);
    expect(told(decide(found, failedRequest('another request')))).toBe('leave');
    // What was held before a deployment that failed is none of its business.
    expect(told(decide(found, failedDeployment(COMPLETED)))).toBe('leave');
  });

  test.each(NOT_HELD)('a secret %s leaves it alone, for whatever reason, and says who has it', (_, found, holder) => {
    const reasons = [removal(), removal(UNFINISHED), failedDeployment(), failedRequest(FIRST.requestId)];
    for (const reason of reasons) {
      expect(decide(found, reason, FORCE)).toMatchObject({ do: 'leave', why: `it is held by ${holder}` });
    }
  });

  test.each<[string, ExistingSecret | undefined, Reason]>([
    ['it does not exist', undefined, removal()],
    ['it is a replica of a secret in us-east-1', existing(CREATED, REPLICA), removal()],
    ['it is scheduled for deletion already', existing(CREATED, SCHEDULED), removal()],
    ['nobody can tell whose it was', existing(RECORDLESS), removal(UNFINISHED)],
    ['it was held before the deployment that failed', existing(CREATED), failedDeployment(COMPLETED)],
    ['the request that failed did not get hold of it', existing(CREATED), failedRequest('another request')],
  ])('nothing says why: %s', (why, found, reason) => {
    expect(decide(found, reason)).toMatchObject({ do: 'leave', why });
  });
});

describe('a deletion for good', () => {
  const asked = { ...CREATED, [OWNERSHIP_TAG.recoveryWindow]: NO_WINDOW };

  test.each<[string, Tags, object, Reason, string]>([
    ['is what a completed deployment asked for', asked, FORCE, removal(), 'force'],
    ['needs the template that is deployed', asked, {}, removal(), 'schedule'],
    // It says what a deployment has brought about, and is what IAM checks.
    ['needs the tag', CREATED, FORCE, removal(), 'schedule'],
    ['waits for what is under way', asked, FORCE, removal({ outcome: 'completed', idle: false }), 'schedule'],
    ['is not of what never completed', asked, FORCE, removal(UNFINISHED), 'schedule'],
    ['is not of what nobody can tell', asked, FORCE, { kind: 'removal' }, 'schedule'],
    ['is not of an untold secret', asked, FORCE, failedDeployment(), 'schedule'],
    ['is not of a failed request', asked, FORCE, failedRequest(FIRST.requestId), 'schedule'],
    [
      'is of what was adopted long ago',
      { ...ADOPTED, [OWNERSHIP_TAG.recoveryWindow]: NO_WINDOW },
      FORCE,
      removal(),
      'force',
    ],
    [
      'is not of what was just adopted',
      { ...ADOPTED, [OWNERSHIP_TAG.recoveryWindow]: NO_WINDOW },
      FORCE,
      removal(UNFINISHED),
      'back to bank',
    ],
    ['is of what nobody knows how it was come by', without(asked, origin), FORCE, removal(), 'force'],
  ])('%s', (_, tags, given, reason, expected) => {
    expect(told(decide(existing(tags), reason, given))).toBe(expected);
  });
});

describe('a delivery that remembers what it found', () => {
  const found = existing(heldBy(BANK));
  const scheduled = existing(heldBy(BANK), SCHEDULED);
  const ownBefore = existing(heldBy(requester('shop', 'Old')));
  const created: Memory = { intended: 'CREATED' };
  const restored: Memory = { intended: 'RESTORED', found: scheduled };
  const adopted: Memory = { intended: 'ADOPTED', found };

  test.each<[string, ExistingSecret | undefined, Memory, string]>([
    ['schedules what it created', existing(CREATED), created, 'schedule'],
    [
      'schedules what it restored',
      existing(RESTORED),
      { ...restored, found: existing(CREATED, SCHEDULED) },
      'schedule',
    ],
    ['schedules what it took, as it was', existing(TAKEN), restored, "schedule as bank's"],
    ['schedules what it restored and did not claim', existing(heldBy(BANK)), restored, 'schedule'],
    ['leaves what another one claimed after it was restored', existing(heldBy(requester('x', 'y'))), restored, 'leave'],
    ['gives back what it adopted', existing(ADOPTED), adopted, 'back to bank'],
    ['gives back what it adopted, from memory', existing(RECORDLESS), adopted, 'back to bank'],
    ['gives back what its stack had', existing(RECORDLESS), { ...adopted, found: ownBefore }, 'back to shop'],
    ['gives back what it resumed', existing(ADOPTED), { ...adopted, found: existing(ADOPTED) }, 'back to bank'],
    ['leaves what it did not come to adopt', existing(heldBy(BANK)), adopted, 'leave'],
    [
      'goes on with what it had begun to return',
      existing({ ...TAKEN, [owner]: 'bank' }),
      restored,
      "schedule as bank's",
    ],
    // Overlapping deliveries: one restored what the other found live, or took the origin off again.
    ['schedules what the other one restored', existing(TAKEN), adopted, "schedule as bank's"],
    ['gives back what the other one has half returned', existing(without(RECORDLESS, origin)), adopted, 'back to bank'],
    [
      'the same, where it lacks the stack as well',
      existing(without(RECORDLESS, origin, stackId)),
      adopted,
      'back to bank',
    ],
    ['schedules what the other one left of it', existing(without(RESTORED, origin)), restored, 'schedule'],
    ['leaves what has gone', undefined, created, 'leave'],
    // A Create that comes late cannot tell it from what it once completed, and was deleted since.
    ['leaves what is scheduled', existing(TAKEN, SCHEDULED), restored, 'leave'],
  ])('%s', (_, now, memory, expected) => {
    const decision = decide(now, failedRequest(FIRST.requestId, memory), {}, FIRST);
    expect(told(decision)).toBe(expected);
    // Claimed or not, its value makes way, where there was one before.
    const undone = now && !now.deletedDate && memory.found ? versionIdOf(FIRST) : undefined;
    const written = now && { ...now, versions: { [versionIdOf(FIRST)]: ['AWSCURRENT'] } };
    expect(decide(written, failedRequest(FIRST.requestId, memory), {}, FIRST)).toHaveProperty('undoVersion', undone);
    expect(decision).not.toMatchObject({ undoVersion: expect.any(String) });
  });
});

test('a secret that is new stays protected: it has no time before', () => {
  const found = existing({ ...CREATED, [OWNERSHIP_TAG.purgeProtection]: 'new' });
  expect(decide(found, removal(UNFINISHED), { PurgeProtection: 'ALWAYS' })).toHaveProperty('protection', 'on');
});

describe('the value that makes way', () => {
  const wrote = { VersionIdsToStages: { [versionIdOf(FIRST)]: ['AWSCURRENT'], old: ['AWSPREVIOUS'] } };

  test.each([RESTORED, TAKEN, ADOPTED, RECORDLESS])('is that of the request that got hold of it: %#', (tags) => {
    expect(decide(existing(tags, wrote), removal(UNFINISHED))).toHaveProperty('undoVersion', versionIdOf(FIRST));
  });

  test.each([
    ['is that of a later attempt', { ...SHOP, requestId: DELETE.requestId, sentAt: SENT_AT + 60_000 }, true],
    ['is not that of whoever had it before', { ...SHOP, requestId: DELETE.requestId, sentAt: SENT_AT - 60_000 }, false],
    ['is not that of whoever wrote just then', { ...SHOP, requestId: DELETE.requestId }, false],
  ])('%s', (_, writer, undone) => {
    const version = versionIdOf(writer);
    const found = existing(ADOPTED, { VersionIdsToStages: { [version]: ['AWSCURRENT'], old: ['AWSPREVIOUS'] } });
    expect(decide(found, removal(UNFINISHED))).toHaveProperty('undoVersion', undone ? version : undefined);
    // It may be of a deployment that completed.
    expect(decide(found, removal(UNKNOWN))).toHaveProperty('undoVersion', undefined);
    // The deployment is asked for in any case, because it was adopted.
    expect(dependsOnDeployment(found, declared(), DELETE, removal())).toBe(true);
  });

  test('is none in a teardown, nor in the business of others', () => {
    for (const [tags, reason] of [
      [CREATED, removal(UNFINISHED)],
      [ADOPTED, removal()],
      [ADOPTED, failedDeployment(COMPLETED)],
      [ADOPTED, failedRequest('another request')],
      [heldBy(BANK), removal(UNFINISHED)],
    ] as const) {
      expect(decide(existing(tags, wrote), reason)).not.toMatchObject({ undoVersion: expect.any(String) });
    }
  });

  test('is asked for wherever the deployment may not have completed', () => {
    const asks = (tags: Tags, more = {}) => dependsOnDeployment(existing(tags, more), declared(), DELETE, removal());
    expect(asks(RESTORED, wrote)).toBe(true);
    expect(asks(RESTORED)).toBe(false);
    // It has no value before its own.
    expect(asks(CREATED, wrote)).toBe(false);
  });
});

/** Every secret with every reason, template and request. */
const COMBINATIONS = EVERYTHING.flatMap((found) =>
  [
    removal(),
    removal(UNFINISHED),
    failedDeployment(),
    failedDeployment(COMPLETED),
    failedRequest(FIRST.requestId),
    failedRequest(FIRST.requestId, { intended: 'CREATED' }),
    failedRequest(FIRST.requestId, { intended: 'ADOPTED', found: existing(heldBy(BANK)) }),
    failedRequest('another request'),
  ].flatMap((reason) =>
    [{}, FORCE].flatMap((given) => [FIRST, SHOP, DELETE].map((by) => ({ found, reason, given, by }))),
  ),
);

describe('whatever is found, whoever asks, for whatever reason', () => {
  test('CloudFormation is asked wherever its answer makes a difference', () => {
    let asked = 0;
    for (const { found, reason, given, by } of COMBINATIONS) {
      const isAsked = dependsOnDeployment(found, declared(given), by, reason);
      const decisions = [undefined, COMPLETED, UNFINISHED].map((deployment) =>
        told(decide(found, reason.kind === 'failed request' ? reason : { ...reason, deployment }, given, by)),
      );
      if (isAsked) asked++;
      else expect(new Set(decisions).size).toBe(1);
    }
    expect(asked).toBeGreaterThan(50);
    expect(asked).toBeLessThan(COMBINATIONS.length / 2);
  });

  test('CloudFormation is not asked about what is as it should be, nor about what is none of its business', () => {
    for (const found of [
      existing(CREATED),
      existing(RESTORED),
      existing(RESTORED, SCHEDULED),
      existing(heldBy(BANK)),
    ]) {
      expect(dependsOnDeployment(found, declared(), DELETE, removal())).toBe(false);
    }
    expect(dependsOnDeployment(existing(heldBy(BANK)), declared(FORCE), DELETE, failedDeployment())).toBe(false);
    expect(dependsOnDeployment(existing(ADOPTED), declared(), DELETE, failedRequest(FIRST.requestId))).toBe(false);
  });

  test('without an answer nothing is deleted for good, and nothing is given away', () => {
    for (const { found, reason, given, by } of COMBINATIONS) {
      if (reason.kind === 'failed request') continue;
      expect(['leave', 'schedule']).toContain(told(decide(found, { kind: reason.kind }, given, by)));
    }
  });

  test('what was adopted and never kept is neither scheduled nor deleted, unless it is scheduled already', () => {
    const adopted = COMBINATIONS.filter(
      ({ found }) => found?.ownership.origin?.outcome === 'ADOPTED' && !found.deletedDate,
    );
    const kept = ({ reason }: { reason: Reason }) =>
      reason.kind !== 'failed request' && reason.deployment?.outcome === 'completed';
    for (const { found, reason, given, by } of adopted.filter((each) => !kept(each))) {
      // Of what this very delivery created, no other request can have said that it adopted it.
      if (reason.kind === 'failed request' && reason.memory?.intended === 'CREATED') continue;
      expect(told(decide(found, reason, given, by))).toMatch(/^(leave|back to )/);
    }
  });
});
