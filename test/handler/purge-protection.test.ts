import { OWNERSHIP_TAG, PURGE_DENIAL, PURGE_DENIAL_SID } from '../../src/private/contract';
import { Cloud, sm } from './cloud';
import { BANK, declaring, heldBy, OWNER, type Properties, properties, stackId } from './requests';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
beforeEach(() => cloud.reset());
afterAll(() => cloud.stop());

const done = { status: 'SUCCESS' };
const ALWAYS = { PurgeProtection: 'ALWAYS' } as const;
const WHILE_SCHEDULED = { PurgeProtection: 'WHILE_SCHEDULED' } as const;

const OWN = { Version: '2012-10-17', Statement: [{ Sid: PURGE_DENIAL_SID.function, ...PURGE_DENIAL }] };
const READERS = {
  Sid: 'Readers',
  Effect: 'Allow',
  Principal: '*',
  Action: 'secretsmanager:GetSecretValue',
  Resource: '*',
};
const FOREIGN = { Version: '2012-10-17', Statement: [READERS] };
const OF_TEMPLATE = { ...FOREIGN, Statement: [READERS, { Sid: PURGE_DENIAL_SID.template, ...PURGE_DENIAL }] };

const policy = async () => {
  const document = await cloud.policy();
  return document && JSON.parse(document);
};
const mark = async () => (await cloud.tags())[OWNERSHIP_TAG.purgeProtection];

describe('without the prop', () => {
  test('no policy is looked at, in any life', async () => {
    const db = await cloud.deployed();
    await db.update(properties({ Description: 'new' }));
    await db.delete();
    const next = cloud.resource({ life: 2 });
    await next.create();
    next.complete();
    expect(cloud.operations.filter((operation) => operation.includes('Policy'))).toEqual([]);
    expect(await mark()).toBeUndefined();
  });

  test('a policy that is there stays', async () => {
    const db = await cloud.deployed();
    await cloud.setPolicy(FOREIGN);
    await db.update(properties({ Description: 'new' }));
    await db.delete();
    expect(await policy()).toEqual(FOREIGN);
  });
});

/** From the state of a secret before, as the properties of its resource, to the state after. */
describe('a live secret', () => {
  test('gets the policy when it is created, and keeps it while it is scheduled and when it is restored', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    expect(await policy()).toEqual(OWN);
    await db.delete();
    expect(await cloud.state()).toBe('pending');
    expect(await policy()).toEqual(OWN);
    const next = cloud.resource({ life: 2 });
    expect(await next.create(properties(ALWAYS))).toMatchObject({ ...done, data: { Outcome: 'RESTORED' } });
    expect(await policy()).toEqual(OWN);
  });

  test('gets it by an update, loses it by another one, and the tag with it', async () => {
    const db = await cloud.deployed();
    await db.update(properties(ALWAYS));
    expect(await policy()).toEqual(OWN);
    await db.update(properties());
    expect(await policy()).toBeUndefined();
    expect(await mark()).toBeUndefined();
  });

  test('gets it back that somebody took off, with the next update', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    await cloud.setPolicy(undefined);
    await db.update(properties({ ...ALWAYS, Description: 'new' }));
    expect(await policy()).toEqual(OWN);
  });

  test('is left to the policy of the template, whose place has to be free', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    await db.update(properties(WHILE_SCHEDULED));
    expect(await policy()).toBeUndefined();
    await cloud.setPolicy(OF_TEMPLATE);
    await db.update(properties({ ...WHILE_SCHEDULED, Description: 'new' }));
    expect(await policy()).toEqual(OF_TEMPLATE);
    // The template has no policy any more, and CloudFormation takes it away afterwards.
    expect(await db.update(properties(ALWAYS))).toMatchObject(done);
    expect(await policy()).toEqual(OF_TEMPLATE);
  });

  test('comes back from the window to the policy of the template', async () => {
    const db = await cloud.deployed(properties(WHILE_SCHEDULED));
    expect(await policy()).toBeUndefined();
    // CloudFormation has taken its policy away before.
    await db.delete();
    expect(await policy()).toEqual(OWN);
    const next = cloud.resource({ life: 2 });
    await next.create(properties(WHILE_SCHEDULED));
    expect(await policy()).toBeUndefined();
  });

  test('loses it when it is restored or adopted by a template that does not ask for it', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    await db.delete();
    const next = cloud.resource({ life: 2 });
    await next.create();
    next.complete();
    expect(await policy()).toBeUndefined();
    await next.update(properties(ALWAYS));
    expect(await policy()).toEqual(OWN);
    const other = cloud.resource({ stack: 'bank' });
    await other.create(properties({ ExistingSecretPolicy: 'ADOPT' }));
    expect(await policy()).toBeUndefined();
  });

  test('with a policy of somebody else is not protected, which fails the deployment and says why', async () => {
    const db = await cloud.deployed();
    await cloud.setPolicy(FOREIGN);
    const answer = await db.update(properties(ALWAYS));
    expect(answer.status).toBe('FAILED');
    expect(answer.reason).toMatch(
      /^secret 'prod\/db' cannot be protected from a purge, because it has a resource policy/,
    );
    expect(await policy()).toEqual(FOREIGN);
    // The rollback takes the tag off again, and the policy is not its business.
    db.rollBack();
    expect(await db.update(properties())).toMatchObject(done);
    expect(await mark()).toBeUndefined();
    expect(await policy()).toEqual(FOREIGN);
  });

  test('with such a policy does not stop a rollback', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    await cloud.setPolicy(FOREIGN);
    await db.update(properties({ Description: 'new' }));
    db.rollBack();
    expect(await db.update(properties(ALWAYS))).toMatchObject(done);
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
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.state()).toBe('pending');
    expect(await policy()).toEqual(after);
    expect(cloud.steps.includes('not protected')).toBe(after === FOREIGN);
  });

  test('is protected before it is scheduled: afterwards nobody could do it', async () => {
    const db = await cloud.deployed(properties(WHILE_SCHEDULED));
    cloud.calls = [];
    await db.delete();
    expect(cloud.changes).toEqual(['PutResourcePolicy', 'DeleteSecret']);
  });

  test('without the permission is scheduled all the same', async () => {
    const db = await cloud.deployed(properties(WHILE_SCHEDULED));
    cloud.fail(sm('GetResourcePolicy'), 'AccessDeniedException');
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.state()).toBe('pending');
    expect(cloud.steps).toContain('not protected');
  });

  test('is not let go of when the policy fails for another reason, and then it is', async () => {
    const db = await cloud.deployed(properties(WHILE_SCHEDULED));
    cloud.fail(sm('PutResourcePolicy'), 'InternalServiceError', { times: 1 });
    expect(await db.delete()).toMatchObject({ status: 'FAILED' });
    expect(await cloud.state()).toBe('live');
    expect(await db.delete()).toMatchObject(done);
    expect(await policy()).toEqual(OWN);
  });

  test('and came into other hands while the policy was waited for stays with them', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    cloud.intercept(sm('GetResourcePolicy'), async (_, next) => {
      await cloud.tag(BANK);
      return next();
    });
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.state()).toBe('live');
  });

  test('that is renamed is protected under its old name, as under the new one', async () => {
    const db = await cloud.deployed(properties(ALWAYS));
    const { physicalId } = db;
    expect(await db.update(properties({ ...ALWAYS, Name: 'prod/other' }))).toMatchObject(done);
    db.cleanUp();
    await db.delete({ physicalId, properties: properties(ALWAYS) });
    expect(await cloud.state()).toBe('pending');
    expect(await policy()).toEqual(OWN);
    expect(JSON.parse((await cloud.policy('prod/other')) ?? '')).toEqual(OWN);
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
    expect(await db.update(properties(FORCED))).toMatchObject(done);
    expect(cloud.steps).toContain('protection stays');
    expect(cloud.waited).toBeLessThan(30);
    db.complete();
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.state()).toBe('pending');
    expect(await policy()).toEqual(OWN);
  });

  test('that a policy of the organization denies becomes a window as well', async () => {
    const db = await cloud.deployed(properties(FORCED));
    cloud.intercept(sm('DeleteSecret'), async ({ input }, next) => {
      if (input.ForceDeleteWithoutRecovery) throw Object.assign(new Error('denied'), { name: 'AccessDeniedException' });
      return next();
    });
    expect(await db.delete()).toMatchObject(done);
    expect(await cloud.state()).toBe('pending');
    expect(await cloud.daysLeft()).toBe(14);
  });
});

/** What a Create finds, with a policy of the function or without one, by the tag of its holder before. */
const FOUND: [string, () => Promise<unknown>, Properties][] = [
  [
    'its own, scheduled',
    () => scheduled({ ...heldBy({ owner: OWNER, stackId: stackId('shop', 9), logicalId: 'Db' }) }),
    {},
  ],
  ["another owner's, scheduled", () => scheduled(BANK), { RestorePolicy: 'ALWAYS' }],
  ["another owner's, live", () => cloud.create({ tags: BANK }), { ExistingSecretPolicy: 'ADOPT' }],
];

async function scheduled(tags: Record<string, string>): Promise<void> {
  await cloud.create({ tags });
  await cloud.schedule();
}

describe.each(FOUND)('a deployment that found a secret (%s) and fails', (_, prepare, opted) => {
  const protectedBefore = async () => {
    await prepare();
    const pending = (await cloud.state()) === 'pending';
    if (pending) await cloud.restore();
    await cloud.setPolicy(OWN);
    await cloud.tag({ [OWNERSHIP_TAG.purgeProtection]: 'on' });
    if (pending) await cloud.schedule();
  };

  test.each<[string, () => Promise<unknown>, Properties, object | undefined]>([
    ['protected, and does not ask for it', protectedBefore, {}, OWN],
    ['protected, and leaves it to the template', protectedBefore, WHILE_SCHEDULED, OWN],
    ['protected, and asks for it', protectedBefore, ALWAYS, OWN],
    ['not protected, and asks for it', prepare, ALWAYS, undefined],
    ['not protected, and leaves it to the template', prepare, WHILE_SCHEDULED, undefined],
  ])('%s, leaves it so', async (__, before, asked, after) => {
    await before();
    const state = await cloud.state();
    const of = properties({ ...opted, ...asked });
    for (const step of ['the request', 'something else'] as const) {
      const db = cloud.resource({ life: step === 'the request' ? 1 : 2 });
      if (step === 'the request') {
        cloud.fail(sm('PutSecretValue'), 'InternalServiceError', { times: 1 });
        expect(await db.create(declaring('new', of))).toMatchObject({ status: 'FAILED' });
      } else expect(await db.create(of)).toMatchObject(done);
      db.rollBack();
      expect(await db.delete()).toMatchObject(done);
      expect(await cloud.state()).toBe(state);
      expect(await policy()).toEqual(after);
      expect(await mark()).toBe(after && 'on');
    }
  });
});

describe('two deliveries', () => {
  test.each<[string, Properties]>([
    ['always', ALWAYS],
    ['while it is scheduled', WHILE_SCHEDULED],
  ])('of any request leave the protection as one does (%s)', async (_, asked) => {
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

  test('of a Create, of which the first one could not set the policy and was not able to undo it, complete it', async () => {
    const db = cloud.resource();
    cloud.fail(sm('PutResourcePolicy'), 'InternalServiceError', { times: 5 });
    expect(await db.create(properties(ALWAYS))).toMatchObject({ status: 'FAILED' });
    expect(await policy()).toBeUndefined();
    expect(await cloud.state()).toBe('live');
    expect(await db.again()).toMatchObject({ ...done, data: { Outcome: 'CREATED' } });
    expect(await policy()).toEqual(OWN);
  });
});

test('a secret that lost the tag is known by what the template asked for before', async () => {
  const db = await cloud.deployed(properties(ALWAYS));
  await cloud.untag([OWNERSHIP_TAG.purgeProtection]);
  await db.update(properties());
  expect(await policy()).toBeUndefined();
});
