import { existingSecret } from '../../src/handler/aws/secrets';
import { declaredSecret } from '../../src/handler/cloudformation/request';
import { decideAcquisition } from '../../src/handler/decide/acquire';
import { decideRemoval, removalDependsOnStack } from '../../src/handler/decide/release';
import { decideRevision } from '../../src/handler/decide/revise';
import type { Requester } from '../../src/handler/model/declared-secret';
import type { ExistingSecret } from '../../src/handler/model/secret';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { NAME, OWNER, type Properties, properties, stackId, tagList } from './requests';

const ARN = `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${NAME}-AbCdEf`;
const REQUESTER: Requester = { type: 'Create', requestId: 'request-1', stackId: stackId('shop'), logicalId: 'Db' };
const DELETED = new Date('2027-03-04T05:06:07Z');

const holder = (owner: string, stack = stackId('shop'), logicalId = 'Db', origin = 'CREATED request-0') => ({
  [OWNERSHIP_TAG.owner]: owner,
  [OWNERSHIP_TAG.stackId]: stack,
  [OWNERSHIP_TAG.logicalId]: logicalId,
  [OWNERSHIP_TAG.origin]: origin,
});
const previous = (owner: string) => ({
  [OWNERSHIP_TAG.previousOwner]: owner,
  [OWNERSHIP_TAG.previousStackId]: stackId('bank'),
  [OWNERSHIP_TAG.previousLogicalId]: 'Vault',
});

function secret(tags: Record<string, string>, state: 'live' | 'pending' = 'live', more = {}): ExistingSecret {
  return existingSecret({
    ARN,
    Name: NAME,
    Tags: tagList(tags),
    DeletedDate: state === 'pending' ? DELETED : undefined,
    VersionIdsToStages: { 'request-0': ['AWSCURRENT'] },
    ...more,
  });
}

const acquire = (found: ExistingSecret | undefined, given: Properties = {}, returning = false) =>
  decideAcquisition(found, declaredSecret(properties(given)), REQUESTER, returning);
const remove = (found: ExistingSecret | undefined, undoes = false, given: Properties = {}) =>
  decideRemoval(found, declaredSecret(properties(given)), REQUESTER, undoes);
const revise = (found: ExistingSecret | undefined, given: Properties = {}, before: Properties = {}) =>
  decideRevision(found, declaredSecret(properties(given)), declaredSecret(properties(before)), REQUESTER);

describe('a secret as DescribeSecret shows it', () => {
  test('lacks what the answer leaves out', () => {
    expect(existingSecret({})).toEqual({
      arn: '',
      name: '',
      description: '',
      tags: {},
      ownership: {},
      versions: {},
      replicas: [],
    });
    const halfEmpty = existingSecret({ Tags: [{}], ReplicationStatus: [{}] });
    expect(halfEmpty.tags).toEqual({ '': '' });
    expect(halfEmpty.replicas).toEqual([{ region: '', status: '', statusMessage: '' }]);
  });
});

describe('every combination of state, owner and policies', () => {
  const owners = { ours: OWNER, foreign: 'bank', nobody: undefined };
  const cases = (['pending', 'live'] as const).flatMap((state) =>
    (['ours', 'foreign', 'nobody'] as const).flatMap((owner) =>
      (['IF_OWNED', 'ALWAYS', 'NEVER'] as const).flatMap((restore) =>
        (['ADOPT_IF_OWNED', 'ADOPT', 'FAIL'] as const).map((existing) => ({ state, owner, restore, existing })),
      ),
    ),
  );

  test.each(cases)('$state, $owner, $restore, $existing', ({ state, owner, restore, existing }) => {
    const tags = owners[owner] ? holder(owners[owner], stackId('other'), 'Old') : {};
    const decision = acquire(secret(tags, state), { RestorePolicy: restore, ExistingSecretPolicy: existing });
    const policy = state === 'pending' ? restore : existing;
    const taken = policy === 'ALWAYS' || policy === 'ADOPT' || (/IF_OWNED/.test(policy) && owner === 'ours');
    expect(decision.action).toBe(taken ? (state === 'pending' ? 'restore' : 'adopt') : 'refuse');
  });

  test('means nothing where there is no secret', () => {
    const refusing = { RestorePolicy: 'NEVER', ExistingSecretPolicy: 'FAIL' };
    expect(acquire(undefined, refusing)).toEqual({ action: 'create' });
  });

  test('means nothing for a secret that this very request got hold of', () => {
    const own = secret(holder(OWNER, undefined, undefined, `RESTORED ${REQUESTER.requestId}`));
    expect(acquire(own, { ExistingSecretPolicy: 'FAIL' }).action).toBe('resume');
  });

  test('means nothing for a secret that a rollback leads back to', () => {
    const own = secret(holder(OWNER));
    expect(acquire(own, { ExistingSecretPolicy: 'FAIL' }, true).action).toBe('resume');
    expect(acquire(own, { ExistingSecretPolicy: 'FAIL' }, false).action).toBe('refuse');
    // But not to what another resource holds; a refusal would leave the stack stuck.
    expect(acquire(secret(holder(OWNER, stackId('bank'))), { ExistingSecretPolicy: 'FAIL' }, true).action).toBe(
      'leave',
    );
  });

  test('means that a policy nobody knows takes nothing', () => {
    expect(acquire(secret({}, 'pending'), { RestorePolicy: 'always' }).action).toBe('refuse');
    expect(acquire(secret({}), { ExistingSecretPolicy: 'adopt' }).action).toBe('refuse');
  });
});

describe('a refusal', () => {
  const lenient = { RestorePolicy: 'ALWAYS', ExistingSecretPolicy: 'ADOPT' };
  const foreign = holder('bank', stackId('bank'), 'Vault');
  const own = holder(OWNER, stackId('shop', 0));

  type Refused = { action: string; reason?: string };
  test.each<[string, () => Refused, string]>([
    [
      'of a foreign secret that is scheduled names its owner, the date and ALWAYS',
      () => acquire(secret(foreign, 'pending')),
      "is scheduled for deletion (deletion date 2027-03-04) and belongs to owner 'bank', not to 'shop'; nothing was " +
        'changed; to restore and own it set restorePolicy: RestorePolicy.ALWAYS, otherwise choose another secretName',
    ],
    [
      'of an unowned secret that is scheduled names ALWAYS',
      () => acquire(secret({}, 'pending')),
      'is scheduled for deletion (deletion date 2027-03-04) and belongs to no owner that this library knows, not to ' +
        "'shop'; nothing was changed; to restore and own it set restorePolicy: RestorePolicy.ALWAYS, otherwise choose " +
        'another secretName',
    ],
    [
      'by NEVER of an own secret names IF_OWNED',
      () => acquire(secret(own, 'pending'), { RestorePolicy: 'NEVER' }),
      "is scheduled for deletion (deletion date 2027-03-04), belongs to owner 'shop', and restorePolicy is NEVER; " +
        'nothing was changed; to restore it set restorePolicy: RestorePolicy.IF_OWNED, otherwise choose another secretName',
    ],
    [
      'by NEVER of a foreign secret names ALWAYS',
      () => acquire(secret(foreign, 'pending'), { RestorePolicy: 'NEVER' }),
      "is scheduled for deletion (deletion date 2027-03-04), belongs to owner 'bank', and restorePolicy is NEVER; " +
        'nothing was changed; to restore it set restorePolicy: RestorePolicy.ALWAYS, otherwise choose another secretName',
    ],
    [
      'of a foreign live secret names its owner and ADOPT',
      () => acquire(secret(foreign)),
      "exists already and belongs to owner 'bank', not to 'shop'; nothing was changed; to take it over set " +
        'existingSecretPolicy: ExistingSecretPolicy.ADOPT, otherwise choose another secretName',
    ],
    [
      'of an unowned live secret names ADOPT',
      () => acquire(secret({})),
      "exists already and belongs to no owner that this library knows, not to 'shop'; nothing was changed; to take it " +
        'over set existingSecretPolicy: ExistingSecretPolicy.ADOPT, otherwise choose another secretName',
    ],
    [
      'by FAIL names a policy that lifts it',
      () => acquire(secret(own), { ExistingSecretPolicy: 'FAIL' }),
      'exists already and existingSecretPolicy is FAIL; nothing was changed; to take it over set ' +
        'existingSecretPolicy: ExistingSecretPolicy.ADOPT, otherwise choose another secretName',
    ],
    [
      'of a replica names the region of the primary',
      () => acquire(secret(own, 'live', { PrimaryRegion: 'us-east-1' }), lenient),
      'is the replica of a secret in us-east-1; nothing was changed; deploy to us-east-1, promote the replica with ' +
        'stop-replication-to-replica, or choose another secretName',
    ],
    [
      'of a managed secret names the service',
      () => acquire(secret(own, 'live', { OwningService: 'rds' }), lenient),
      'is managed by rds; nothing was changed; choose another secretName',
    ],
    [
      'of what this request had before says how to go on',
      () => acquire(secret(holder(OWNER, undefined, undefined, `CREATED ${REQUESTER.requestId}`), 'pending'), lenient),
      'was scheduled for deletion after this request had got hold of it; nothing was changed; deploy again to have it ' +
        'restored',
    ],
    [
      'of an update of nothing says how to go on',
      () => revise(undefined),
      'is gone for good, somebody deleted it without recovery; nothing was changed; to have a new one, remove it from ' +
        'the stack and deploy, then add it again, or change secretName',
    ],
    [
      'of an update of a foreign secret names its holder',
      () => revise(secret(foreign)),
      `is held by Vault in ${stackId('bank')} and belongs to owner 'bank'; nothing was changed; remove it from this ` +
        'stack, which leaves the secret alone',
    ],
    [
      'of an update of an unowned secret',
      () => revise(secret({})),
      'is held by nobody in no stack and belongs to no owner that this library knows; nothing was changed; remove it ' +
        'from this stack, which leaves the secret alone',
    ],
    [
      'of another type',
      () => revise(secret(holder(OWNER)), { Type: 'x' }),
      'cannot be changed; nothing was changed; choose another secretName with it',
    ],
  ])('%s', (_, decide, text) => {
    const { action, reason = '' } = decide();
    expect(action).toBe('refuse');
    // One line: what, why, that nothing was changed, and what to do.
    const [, what, rest] = /^(secret '.*?'|the type of secret '.*?') (.*)$/.exec(reason) ?? [];
    expect(what).toMatch(new RegExp(`secret '${NAME}'$`));
    expect(rest).toBe(text);
    expect(reason.length).toBeLessThan(500);
  });

  // Following the advice must lead on, not to the next refusal.
  test.each([
    ['pending', 'IF_OWNED', foreign],
    ['pending', 'IF_OWNED', {}],
    ['pending', 'NEVER', foreign],
    ['pending', 'NEVER', own],
    ['live', 'ADOPT_IF_OWNED', foreign],
    ['live', 'ADOPT_IF_OWNED', {}],
    ['live', 'FAIL', foreign],
    ['live', 'FAIL', own],
  ] as const)('is lifted by what it advises: %s with %s', (state, policy, tags) => {
    const property = state === 'pending' ? 'RestorePolicy' : 'ExistingSecretPolicy';
    const refused = acquire(secret(tags, state), { [property]: policy }) as Refused;
    const advised = /Policy: (?:RestorePolicy|ExistingSecretPolicy)\.(\w+)/.exec(refused.reason ?? '')?.[1];
    expect(acquire(secret(tags, state), { [property]: advised }).action).toBe(
      state === 'pending' ? 'restore' : 'adopt',
    );
  });
});

describe('an update', () => {
  test.each<[string, string, ExistingSecret, Properties, Properties]>([
    ['reconciles what it holds', 'reconcile', secret(holder(OWNER)), {}, {}],
    ['restores what it holds', 'restore', secret(holder(OWNER), 'pending'), {}, {}],
    ['gives a new owner', 'reconcile', secret(holder(OWNER)), { Owner: 'depot' }, {}],
    ['finds the new owner', 'reconcile', secret(holder('depot')), { Owner: 'depot' }, {}],
    ['goes back to an owner', 'reconcile', secret(holder('depot')), {}, { Owner: 'depot' }],
    ['leaves another owner', 'refuse', secret(holder('bank')), { Owner: 'depot' }, {}],
    ['leaves another stack', 'refuse', secret(holder(OWNER, stackId('shop', 2))), {}, {}],
    ['leaves another resource', 'refuse', secret(holder(OWNER, undefined, 'Other')), {}, {}],
  ])('%s', (_, action, found, given, before) => {
    expect(revise(found, given, before).action).toBe(action);
  });
});

describe('a Delete', () => {
  const force = { ForceDeleteWithoutRecovery: 'true' };
  const created = holder(OWNER);
  const restored = holder(OWNER, undefined, undefined, 'RESTORED request-0');
  const taken = { ...restored, ...previous('bank') };
  const adopted = { ...holder(OWNER, undefined, undefined, 'ADOPTED request-0'), ...previous('bank') };
  const { [OWNERSHIP_TAG.previousOwner]: previousOwner, ...withoutHolder } = adopted;
  const halfGivenBack = { ...taken, [OWNERSHIP_TAG.owner]: 'bank' };
  const { [OWNERSHIP_TAG.origin]: origin, ...withoutOrigin } = taken;
  const elsewhere = { [OWNERSHIP_TAG.origin]: 'ADOPTED request-9' };
  const other = { [OWNERSHIP_TAG.logicalId]: 'Other' };
  const { [OWNERSHIP_TAG.owner]: _, ...halfLetGo } = { ...taken, ...previous('') };

  test.each<[string, ExistingSecret | undefined, Properties, string, string]>([
    ['nothing', undefined, {}, 'leave', 'leave'],
    ['nothing, by force', undefined, force, 'leave', 'leave'],
    ['a scheduled secret', secret(created, 'pending'), {}, 'leave', 'leave'],
    ['a scheduled secret, by force', secret(created, 'pending'), force, 'leave', 'leave'],
    ['what was scheduled with what it had taken', secret(taken, 'pending'), {}, 'leave', 'return-and-schedule'],
    ['the same, from nobody', secret({ ...taken, ...previous('') }, 'pending'), force, 'leave', 'return-and-schedule'],
    ['what was given back and scheduled', secret(halfGivenBack, 'pending'), {}, 'leave', 'leave'],
    ['what was given back to nobody and scheduled', secret(halfLetGo, 'pending'), {}, 'leave', 'leave'],
    ['a scheduled secret whose origin nobody can read', secret(withoutOrigin, 'pending'), {}, 'leave', 'leave'],
    ['an adopted secret that somebody scheduled', secret(adopted, 'pending'), {}, 'leave', 'leave'],
    ['a scheduled secret that it had restored', secret(restored, 'pending'), {}, 'leave', 'leave'],
    ['a scheduled secret that another took', secret({ ...taken, ...other }, 'pending'), {}, 'leave', 'leave'],
    ['a replica', secret(created, 'live', { PrimaryRegion: 'us-east-1' }), {}, 'leave', 'leave'],
    ['what it created', secret(created), {}, 'schedule', 'schedule'],
    ['what it created, by force', secret(created), force, 'force', 'schedule'],
    ['what it restored', secret(restored), {}, 'schedule', 'schedule'],
    ['what it restored, by force', secret(restored), force, 'force', 'schedule'],
    ['what it restored for another owner', secret(taken), {}, 'schedule', 'return-and-schedule'],
    ['what it adopted', secret(adopted), {}, 'schedule', 'return'],
    ['what it adopted, by force', secret(adopted), force, 'force', 'return'],
    ['what it adopted from whom nobody knows', secret(withoutHolder), {}, 'schedule', 'return'],
    ['what it had begun to give back', secret(halfGivenBack), {}, 'schedule', 'return-and-schedule'],
    ['what somebody has taken from it', secret({ ...taken, [OWNERSHIP_TAG.owner]: 'depot' }), force, 'leave', 'leave'],
    ['what it had begun to give back to nobody', secret(halfLetGo), {}, 'schedule', 'return-and-schedule'],
    ['a foreign secret', secret(holder('bank', stackId('bank'))), force, 'leave', 'leave'],
    ['a secret of the owner in another stack', secret(holder(OWNER, stackId('depot'))), force, 'leave', 'leave'],
    ['a secret of the owner in an earlier life', secret(holder(OWNER, stackId('shop', 2))), force, 'leave', 'leave'],
    ['a secret of another resource', secret(holder(OWNER, undefined, 'Other')), force, 'leave', 'leave'],
    ['a secret with another owner', secret(holder('bank')), force, 'leave', 'leave'],
    ['a secret without tags', secret({}), force, 'leave', 'leave'],
  ])('of %s', (_, found, given, teardown, rollback) => {
    expect(remove(found, false, given).action).toBe(teardown);
    expect(remove(found, true, given).action).toBe(rollback);
    // The stack is asked wherever it makes a difference.
    if (teardown !== rollback) {
      expect(removalDependsOnStack(found, declaredSecret(properties(given)), REQUESTER)).toBe(true);
    }
  });

  test.each<[string, ExistingSecret | undefined]>([
    ['it does not exist', undefined],
    ['it is scheduled for deletion already', secret(created, 'pending')],
    ['it is a replica of a secret in us-east-1', secret(created, 'live', { PrimaryRegion: 'us-east-1' })],
    [`it is held by Vault of ${stackId('bank')}`, secret(holder('bank', stackId('bank'), 'Vault'))],
    ['it is held by nobody of no stack', secret({})],
  ])('tells why a secret is left alone: %s', (why, found) => {
    expect(remove(found)).toEqual({ action: 'leave', why });
  });

  test('of a secret whose origin nobody can read schedules it', () => {
    const { [OWNERSHIP_TAG.origin]: lost, ...unknown } = created;
    expect(remove(secret(unknown)).action).toBe('schedule');
    // A rollback must not schedule what may have been adopted.
    expect(remove(secret(unknown), true).action).toBe('return');
    expect(removalDependsOnStack(secret(unknown), declaredSecret(properties()), REQUESTER)).toBe(true);
  });

  test.each<[string, ExistingSecret | undefined, boolean]>([
    ['nothing', undefined, false],
    ['a scheduled secret', secret(adopted, 'pending'), false],
    ['what was scheduled with what it had taken', secret(taken, 'pending'), true],
    ['what it created', secret(created), false],
    ['what it restored as it was', secret({ ...restored, [OWNERSHIP_TAG.origin]: 'RESTORED request-9' }), false],
    ['what it restored and gave a value', secret(restored), true],
    ['what it took from another owner', secret(taken), true],
    ['what it adopted from whom nobody knows', secret({ ...withoutHolder, ...elsewhere }), true],
    ['a secret of somebody else', secret({ ...adopted, [OWNERSHIP_TAG.logicalId]: 'Other' }), false],
  ])('asks the stack only where it must: %s', (_, found, asks) => {
    expect(removalDependsOnStack(found, declaredSecret(properties()), REQUESTER)).toBe(asks);
  });
});
