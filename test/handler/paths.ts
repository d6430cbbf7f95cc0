import { awsError, type Cloud } from './cloud';
import { BANK, declaring, heldBy, NAME, OWNER, type Properties, properties, tagList } from './requests';
import type { Resource } from './resource';

/** Every value that a path gives a secret, by template or by hand. Each has characters that JSON escapes. */
export const VALUES = {
  declared: 'declared-"vàlue"-\\1',
  changed: 'changed-"vàlue"-\\2',
  byHand: 'by hand-"vàlue"-\\3',
  template: '{"user":"template-vàlue","pin":12345678901234567890}',
} as const;

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555';
const EVERYTHING: Properties = {
  Description: 'new',
  KmsKeyId: KEY,
  Tags: tagList({ team: 'new' }),
  ReplicaRegions: [{ Region: 'us-east-1' }],
};
const generated = (more: Properties = {}) =>
  properties({
    GenerateSecretString: { SecretStringTemplate: VALUES.template, GenerateStringKey: 'password', ...more },
  });

/** A course of requests that the handler may see, with the statuses that they end with. */
export interface Path {
  readonly name: string;
  readonly statuses: string;
  run(cloud: Cloud): Promise<{ readonly status: string }[]>;
}

async function pending(cloud: Cloud, owner: string | undefined, more = {}): Promise<void> {
  await cloud.create({
    SecretString: VALUES.byHand,
    tags: owner === undefined ? {} : { ...BANK, ...heldBy({ owner }) },
    ...more,
  });
  await cloud.schedule();
}

/** The life of one resource. */
function life(
  name: string,
  statuses: string,
  run: (db: Resource, cloud: Cloud) => Promise<{ status: string }[]>,
): Path {
  return { name, statuses, run: (cloud) => run(cloud.resource(), cloud) };
}

/** Every way through the handler: what it finds, what it does, where it fails and how that is undone. */
export const PATHS: Path[] = [
  life('created and deleted', 'SUCCESS SUCCESS', async (db) => [await db.create(generated()), await db.delete()]),
  life('created with everything, deleted by force', 'SUCCESS SUCCESS', async (db) => [
    await db.create(declaring(VALUES.declared, { ...EVERYTHING, ForceDeleteWithoutRecovery: 'true' })),
    await db.delete(),
  ]),
  life('restored with everything that differs', 'SUCCESS', async (db, cloud) => {
    await pending(cloud, OWNER, { Description: 'old', KmsKeyId: KEY.replace('1111', '9999') });
    return [await db.create(declaring(VALUES.declared, EVERYTHING))];
  }),
  life('restored and regenerated', 'SUCCESS', async (db, cloud) => {
    await pending(cloud, OWNER);
    return [await db.create({ ...generated(), RestoredValue: 'REGENERATE' })];
  }),
  life('taken from another owner, given back by a rollback', 'SUCCESS SUCCESS', async (db, cloud) => {
    await pending(cloud, 'bank');
    const created = await db.create(declaring(VALUES.declared, { RestorePolicy: 'ALWAYS' }));
    db.rollBack();
    return [created, await db.delete()];
  }),
  life('adopted, given back by a rollback', 'SUCCESS SUCCESS', async (db, cloud) => {
    await cloud.create({ SecretString: VALUES.byHand, tags: BANK });
    const created = await db.create(declaring(VALUES.declared, { ExistingSecretPolicy: 'ADOPT' }));
    db.rollBack();
    return [created, await db.delete()];
  }),
  life('adopted from a native resource that retains it', 'SUCCESS', async (db, cloud) => {
    const native = cloud.resource({ stack: 'legacy', logicalId: 'Native' });
    native.stack.resources.Native = 'CREATE_COMPLETE';
    native.plan({ Native: 'Retain' });
    await cloud.create({
      SecretString: VALUES.byHand,
      tags: { 'aws:cloudformation:stack-id': native.stackId, 'aws:cloudformation:logical-id': 'Native' },
    });
    return [await db.create(properties({ ExistingSecretPolicy: 'ADOPT' }))];
  }),
  life('updated in everything, and rolled back', 'SUCCESS SUCCESS SUCCESS', async (db) => {
    const created = await db.create(declaring(VALUES.declared));
    const before = db.properties;
    db.complete();
    const updated = await db.update(declaring(VALUES.changed, EVERYTHING));
    db.rollBack();
    return [created, updated, await db.update(before)];
  }),
  life('protected, at first also while it is live', 'SUCCESS SUCCESS SUCCESS', async (db, cloud) => {
    await pending(cloud, OWNER);
    const created = await db.create(declaring(VALUES.declared, { PurgeProtection: 'ALWAYS' }));
    db.complete();
    const updated = await db.update(declaring(VALUES.changed, { PurgeProtection: 'WHILE_SCHEDULED' }));
    return [created, updated, await db.delete()];
  }),
  life('renamed, and rolled back', 'SUCCESS SUCCESS SUCCESS SUCCESS', async (db) => {
    const created = await db.create(declaring(VALUES.declared));
    const before = db.properties;
    db.complete();
    const renamed = await db.update(declaring(VALUES.changed, { Name: 'prod/other' }));
    const { physicalId, properties: after } = db;
    db.rollBack();
    return [created, renamed, await db.update(before), await db.delete({ physicalId, properties: after })];
  }),
  life('refused because its key is dead', 'FAILED', async (db, cloud) => {
    await pending(cloud, OWNER, { KmsKeyId: KEY });
    cloud.keys.set(KEY, 'PendingDeletion');
    return [await db.create(declaring(VALUES.declared))];
  }),
  life('refused because of its template', 'FAILED', async (db) => [
    await db.create(generated({ SecretStringTemplate: `${VALUES.template}}` })),
  ]),
  life('withdrawn after it was created', 'FAILED', async (db, cloud) => {
    let asked = 0;
    cloud.fresh = false;
    cloud.intercept('cloudformation:DescribeStackResource', async () => ({
      StackResourceDetail: { ResourceStatus: ++asked === 1 ? 'CREATE_IN_PROGRESS' : 'CREATE_FAILED' },
    }));
    return [await db.create(declaring(VALUES.declared))];
  }),
  ...['TagResource', 'UpdateSecret', 'PutSecretValue', 'ReplicateSecretToRegions'].flatMap((step) =>
    [
      { error: 'ValidationException', undone: true },
      { error: 'AccessDeniedException', undone: true },
      { error: 'TypeError', undone: false },
    ].map(({ error, undone }) =>
      life(`failed at ${step} with ${error}, ${undone ? 'undone' : 'not undone'}`, 'FAILED', async (db, cloud) => {
        await pending(cloud, 'bank');
        cloud.intercept(`secretsmanager:${step}`, async () => {
          throw quoting(error);
        });
        if (!undone) cloud.fail('secretsmanager:DeleteSecret', 'InternalServiceError');
        return [await db.create(declaring(VALUES.declared, { ...EVERYTHING, RestorePolicy: 'ALWAYS' }))];
      }),
    ),
  ),
  ...['CreateSecret', 'GetRandomPassword', 'DescribeSecret'].map((step) =>
    life(`failed at ${step}`, 'FAILED', async (db, cloud) => {
      cloud.intercept(`secretsmanager:${step}`, async () => {
        throw quoting('ValidationException');
      });
      return [await db.create(step === 'CreateSecret' ? declaring(VALUES.declared) : generated())];
    }),
  ),
  life('failed where nobody expected it', 'FAILED', async (db, cloud) => {
    cloud.intercept('secretsmanager:CreateSecret', async () => null);
    return [await db.create(declaring(VALUES.declared))];
  }),
  life('failed to be deleted', 'SUCCESS FAILED', async (db, cloud) => {
    const created = await db.create(declaring(VALUES.declared));
    cloud.intercept('secretsmanager:DeleteSecret', async () => {
      throw quoting('ValidationException');
    });
    return [created, await db.delete()];
  }),
];

/** As services do, an error that quotes what it got; every value that this could be. */
function quoting(name: string): Error {
  const text = name === 'AccessDeniedException' ? `not authorized to perform this on ${NAME}` : '';
  return awsError(name, text || `1 validation error detected: Value '${Object.values(VALUES).join("', '")}' at 'x'`);
}
