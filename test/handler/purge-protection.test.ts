import { OWNERSHIP_TAG, PURGE_DENIAL, PURGE_DENIAL_SID } from '../../src/private/contract';
import { awsError, DONE, emptyCloud, FAILED, RESTORED, sm } from './cloud';
import { BANK, declaring, heldBy, OWNER, type Properties, properties, stackId } from './requests';

const cloud = emptyCloud();

const ALWAYS = { PurgeProtection: 'ALWAYS' } as const;
const WHILE_SCHEDULED = { PurgeProtection: 'WHILE_SCHEDULED' } as const;

const OWN = { Version: '2012-10-17', Statement: [{ Sid: PURGE_DENIAL_SID.function, ...PURGE_DENIAL }] };
const READERS = { Sid: 'Readers', Effect: 'Allow', Principal: '*', Action: 'secretsmanager:GetSecretValue' };
const FOREIGN = { Version: '2012-10-17', Statement: [READERS] };
const OF_TEMPLATE = { ...FOREIGN, Statement: [READERS, { Sid: PURGE_DENIAL_SID.template, ...PURGE_DENIAL }] };

const policy = async () => {
  const document = await cloud.policy();
  return document && JSON.parse(document);
};
const mark = async () => (await cloud.tags())[OWNERSHIP_TAG.purgeProtection];

test('without the prop no policy is looked at, in any life, and one that is there stays', async () => {
  const db = await cloud.deployed();
  await cloud.setPolicy(FOREIGN);
  await db.update(properties({ Description: 'new' }));
  await db.delete();
  const next = cloud.resource({ life: 2 });
  await next.create();
  expect(cloud.operations.filter((operation) => operation.includes('Policy'))).toEqual([]);
  expect(await policy()).toEqual(FOREIGN);
  expect(await mark()).toBeUndefined();
});

describe('a live secret', () => {
  test.each([
    ['always', ALWAYS, OWN],
    ['while it is scheduled, where the template has the policy otherwise,', WHILE_SCHEDULED, undefined],
  ])('that is protected %s has the policy then, in each of its lives', async (_, asked, whileLive) => {
    const db = await cloud.deployed(properties(asked));
    expect(await policy()).toEqual(whileLive);
    await db.delete();
    expect(await cloud.state()).toBe('pending');
    expect(await policy()).toEqual(OWN);
    expect(await cloud.resource({ life: 2 }).create(properties(asked))).toMatchObject(RESTORED);
    expect(await policy()).toEqual(whileLive);
  });

  test('gets it by an update, also where somebody took it off, loses it by another one, and the tag with it', async () => {
    const db = await cloud.deployed();
    for (const Description of ['old', 'new']) {
      await db.update(properties({ ...ALWAYS, Description }));
      expect(await policy()).toEqual(OWN);
      if (Description === 'old') await cloud.setPolicy(undefined);
    }
    await db.update(properties());
    expect(await policy()).toBeUndefined();
    expect(await mark()).toBeUndefined();
  });

  test('that lost the tag is known by what the template asked for before', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    await cloud.untag([OWNERSHIP_TAG.purgeProtection]);
    await db.update(properties());
    expect(await policy()).toBeUndefined();
  });

  test('is left to the policy of the template, whose place has to be free', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    await db.update(properties(WHILE_SCHEDULED));
    expect(await policy()).toBeUndefined();
    await cloud.setPolicy(OF_TEMPLATE);
    await db.update(properties({ ...WHILE_SCHEDULED, Description: 'new' }));
    expect(await policy()).toEqual(OF_TEMPLATE);
    // The template has no policy any more, and CloudFormation takes it away afterwards.
    expect(await db.update(properties(ALWAYS))).toMatchObject(DONE);
    expect(await policy()).toEqual(OF_TEMPLATE);
  });

  test('loses it when it is restored or adopted by a template that does not ask for it', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    await db.delete();
    const next = cloud.resource({ life: 2 });
    await next.create();
    next.complete();
    expect(await policy()).toBeUndefined();
    await next.update(properties(ALWAYS));
    await cloud.resource({ stack: 'bank' }).create(properties({ ExistingSecretPolicy: 'ADOPT' }));
    expect(await policy()).toBeUndefined();
  });

  test('with a policy of somebody else is not protected, which fails the deployment and says why', async () => {
    const db = await cloud.deployed();
    await cloud.setPolicy(FOREIGN);
    const answer = await db.update(properties(ALWAYS));
    expect(answer).toMatchObject(FAILED);
    expect(answer.reason).toContain('cannot be protected from a purge, because it has a resource policy');
    // The rollback takes the tag off again, and the policy is not its business.
    db.rollBack();
    expect(await db.update(properties())).toMatchObject(DONE);
    expect(await mark()).toBeUndefined();
    expect(await policy()).toEqual(FOREIGN);
  });

  test('with such a policy does not stop a rollback', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    await cloud.setPolicy(FOREIGN);
    await db.update(properties({ Description: 'new' }));
    db.rollBack();
    expect(await db.update(properties(ALWAYS))).toMatchObject(DONE);
    expect(cloud.steps).toContain('not protected');
    expect(await policy()).toEqual(FOREIGN);
  });
});

describe('a secret that is let go of', () => {
  test.each([
    ['without a policy', undefined, OWN],
    ["with somebody else's", FOREIGN, FOREIGN],
    ["with the template's, which is still there", OF_TEMPLATE, OF_TEMPLATE],
  ])('%s is scheduled, protected as far as that goes', async (_, before, after) => {
    const db = await cloud.deployed(properties(ALWAYS));
    await cloud.setPolicy(before);
    expect(await db.delete()).toMatchObject(DONE);
    expect(await cloud.state()).toBe('pending');
    expect(await policy()).toEqual(after);
    expect(cloud.steps.includes('not protected')).toBe(after === FOREIGN);
  });

  test('without the permission is scheduled all the same', async () => {
    const db = await cloud.deployed(properties(WHILE_SCHEDULED));
    cloud.fail(sm('GetResourcePolicy'), 'AccessDeniedException');
    expect(await db.delete()).toMatchObject(DONE);
    expect(await cloud.state()).toBe('pending');
    expect(cloud.steps).toContain('not protected');
  });

  test('is not let go of when the policy fails for another reason, and then it is', async () => {
    const db = await cloud.deployed(properties(WHILE_SCHEDULED));
    cloud.breaks('PutResourcePolicy', 1);
    expect(await db.delete()).toMatchObject(FAILED);
    expect(await cloud.state()).toBe('live');
    expect(await db.delete()).toMatchObject(DONE);
    expect(await policy()).toEqual(OWN);
  });
});

describe('a deletion for good', () => {
  const FORCED = { ForceDeleteWithoutRecovery: 'true' } as const;

  test('follows a deployment that took the protection off', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    await db.update(properties(FORCED));
    db.complete();
    await db.delete();
    expect(await cloud.state()).toBe('absent');
  });

  test('of a secret whose protection could not be taken off becomes a window', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    cloud.fail(sm('GetResourcePolicy'), 'AccessDeniedException');
    expect(await db.update(properties(FORCED))).toMatchObject(DONE);
    expect(cloud.steps).toContain('protection stays');
    expect(cloud.waited).toBeLessThan(30);
    db.complete();
    expect(await db.delete()).toMatchObject(DONE);
    expect(await cloud.daysLeft()).toBe(14);
    expect(await policy()).toEqual(OWN);
  });

  test('that a policy of the organization denies becomes a window as well', async () => {
    const db = await cloud.deployed(properties(FORCED));
    cloud.intercept(sm('DeleteSecret'), async ({ input }, next) => {
      if (input.ForceDeleteWithoutRecovery) throw awsError('AccessDeniedException');
      return next();
    });
    expect(await db.delete()).toMatchObject(DONE);
    expect(await cloud.daysLeft()).toBe(14);
  });
});

/** What a Create finds, with a policy of the function or without one, by the tag of its holder before. */
const FOUND: [string, 'live' | 'pending', Record<string, string>, Properties][] = [
  ['its own, scheduled', 'pending', heldBy({ owner: OWNER, stackId: stackId('shop', 9), logicalId: 'Db' }), {}],
  ["another owner's, scheduled", 'pending', BANK, { RestorePolicy: 'ALWAYS' }],
  ["another owner's, live", 'live', BANK, { ExistingSecretPolicy: 'ADOPT' }],
];

describe.each(FOUND)('a deployment that found a secret (%s) and fails', (_, state, tags, opted) => {
  test.each<[string, object | undefined, Properties]>([
    ['protected, and does not ask for it', OWN, {}],
    ['protected, and leaves it to the template', OWN, WHILE_SCHEDULED],
    ['protected, and asks for it', OWN, ALWAYS],
    ['not protected, and asks for it', undefined, ALWAYS],
    ['not protected, and leaves it to the template', undefined, WHILE_SCHEDULED],
  ])('%s, leaves it so', async (__, found, asked) => {
    await cloud.create({ tags: { ...tags, ...(found && { [OWNERSHIP_TAG.purgeProtection]: 'on' }) } });
    if (found) await cloud.setPolicy(found);
    if (state === 'pending') await cloud.schedule();
    const of = properties({ ...opted, ...asked });
    for (const fails of ['the request', 'something else'] as const) {
      const db = cloud.resource({ life: fails === 'the request' ? 1 : 2 });
      if (fails === 'the request') {
        cloud.breaks('PutSecretValue', 1);
        expect(await db.create(declaring('new', of))).toMatchObject(FAILED);
      } else expect(await db.create(of)).toMatchObject(DONE);
      db.rollBack();
      expect(await db.delete()).toMatchObject(DONE);
      expect(await cloud.state()).toBe(state);
      expect(await policy()).toEqual(found);
      expect(await mark()).toBe(found && 'on');
    }
  });
});

test.each<[string, Properties]>([
  ['always', ALWAYS],
  ['while it is scheduled', WHILE_SCHEDULED],
])('two deliveries of any request leave the protection as one does (%s)', async (_, asked) => {
  const db = cloud.resource();
  await db.create(properties(asked));
  const created = [await policy(), await mark()];
  await db.again();
  expect([await policy(), await mark()]).toEqual(created);
  db.complete();
  await db.update(properties({ ...asked, Description: 'new' }));
  await db.again();
  expect([await policy(), await mark()]).toEqual(created);
  await db.delete();
  await db.again();
  expect(await policy()).toEqual(OWN);
  expect(await cloud.state()).toBe('pending');
});
