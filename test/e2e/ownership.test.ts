import { CfnOutput, NestedStack, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { CfnRole, Role } from 'aws-cdk-lib/aws-iam';
import { ExistingSecretPolicy, RecoverableSecret, type RecoverableSecretProps, RestorePolicy } from '../../src';
import { REGION } from '../support/cdk-cli';
import { Cloud } from '../support/cloud';

// What takes time is the real CLI, seconds for each step. So scenarios run side by side, each in stacks of its own.
jest.setTimeout(600_000);

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud?.stop());

const OWNER = 'recoverable-secret:owner';

const app = (props: RecoverableSecretProps) => (stack: Stack) => {
  const secret = new RecoverableSecret(stack, 'Secret', props);
  new CfnOutput(stack, 'Outcome', { value: secret.outcome });
};

/** Whatever a deployment could change about a secret that is not its own. */
async function fingerprint(name: string) {
  const secret = await cloud.secrets.describe(name);
  if (!secret) throw new Error(`no secret ${name}`);
  const { ARN, DeletedDate, Description, LastChangedDate, Tags, VersionIdsToStages } = secret;
  return { ARN, DeletedDate, Description, LastChangedDate, Tags, VersionIdsToStages };
}

test.concurrent("somebody else's scheduled secret is left alone, until the template asks for it", async () => {
  const secretName = 'foreign/scheduled';
  await cloud.secrets.create(secretName, 'theirs', { [OWNER]: 'SomebodyElse' });
  await cloud.secrets.schedule(secretName, 9);
  const found = await fingerprint(secretName);

  await expect(cloud.deploy('Scheduled', app({ secretName }))).rejects.toThrow('restorePolicy');
  expect(await fingerprint(secretName)).toEqual(found);
  await cloud.destroy('Scheduled');
  expect(await fingerprint(secretName)).toEqual(found);

  const outputs = await cloud.deploy('Scheduled', app({ secretName, restorePolicy: RestorePolicy.ALWAYS }));
  expect(outputs.Outcome).toBe('RESTORED');
  expect(await cloud.secrets.arn(secretName)).toBe(found.ARN);
  expect(await cloud.secrets.value(secretName)).toBe('theirs');
  expect(await cloud.secrets.tags(secretName)).toMatchObject({ [OWNER]: 'Scheduled' });
});

test.concurrent("somebody else's live secret is left alone, until the template asks for it", async () => {
  const secretName = 'foreign/live';
  await cloud.secrets.create(secretName, 'theirs', { team: 'other' });
  const found = await fingerprint(secretName);

  await expect(cloud.deploy('Live', app({ secretName }))).rejects.toThrow('existingSecretPolicy');
  expect(await fingerprint(secretName)).toEqual(found);
  await cloud.destroy('Live');
  expect(await fingerprint(secretName)).toEqual(found);

  const outputs = await cloud.deploy('Live', app({ secretName, existingSecretPolicy: ExistingSecretPolicy.ADOPT }));
  expect(outputs.Outcome).toBe('ADOPTED');
  expect(await cloud.secrets.arn(secretName)).toBe(found.ARN);
  expect(await cloud.secrets.value(secretName)).toBe('theirs');
  expect(await cloud.secrets.tags(secretName)).toMatchObject({ [OWNER]: 'Live' });
});

test.concurrent('a retained secret stays, and the next deployment takes it back', async () => {
  const secretName = 'retained/secret';
  const retained = app({ secretName, removalPolicy: RemovalPolicy.RETAIN });

  await cloud.deploy('Retained', retained);
  const arn = await cloud.secrets.arn(secretName);
  await cloud.secrets.put(secretName, 'written by hand');

  await cloud.destroy('Retained');
  expect(await cloud.secrets.daysLeft(secretName)).toBeUndefined();

  expect(await cloud.deploy('Retained', retained)).toEqual({ Outcome: 'ADOPTED' });
  expect(await cloud.secrets.arn(secretName)).toBe(arn);
  expect(await cloud.secrets.value(secretName)).toBe('written by hand');
});

test.concurrent('a secret moves to another stack, and the old stack goes without it', async () => {
  const secretName = 'moved/secret';
  await cloud.deploy('Old', app({ secretName }));
  const arn = await cloud.secrets.arn(secretName);
  await cloud.secrets.put(secretName, 'written by hand');

  const outputs = await cloud.deploy('New', app({ secretName, existingSecretPolicy: ExistingSecretPolicy.ADOPT }));
  expect(outputs.Outcome).toBe('ADOPTED');

  await cloud.destroy('Old');
  expect(await cloud.secrets.arn(secretName)).toBe(arn);
  expect(await cloud.secrets.daysLeft(secretName)).toBeUndefined();
  expect(await cloud.secrets.value(secretName)).toBe('written by hand');
  expect(await cloud.secrets.tags(secretName)).toMatchObject({ [OWNER]: 'New' });
});

test.concurrent("what a failed take-over gave back is its holder's, also with the tags that had to stay", async () => {
  const secretName = 'returned/secret';
  await cloud.deploy('Returned', app({ secretName, owner: 'shared' }));
  const tag = (key: string) => `recoverable-secret:${key}`;
  const { [tag('stack-id')]: stackId = '', [tag('logical-id')]: logicalId = '' } = await cloud.secrets.tags(secretName);
  // Secrets Manager refuses a change of tags that locks its caller out; the emulator does not.
  await cloud.secrets.tag(secretName, {
    [tag('origin')]: 'RETURNED',
    [tag('stack-id')]: stackId.replace('Returned', 'Taker'),
    [tag('previous-owner')]: 'shared',
    [tag('previous-stack-id')]: stackId,
    [tag('previous-logical-id')]: logicalId,
  });

  // The role is told first that the owner is another one.
  await cloud.deploy('Returned', app({ secretName }));
  const tags = await cloud.secrets.tags(secretName);
  expect(tags).toMatchObject({ [OWNER]: 'Returned', [tag('stack-id')]: stackId, [tag('logical-id')]: logicalId });
  // Nothing is left of the take-over.
  for (const gone of ['origin', 'previous-owner', 'previous-stack-id', 'previous-logical-id'])
    expect(tags).not.toHaveProperty([tag(gone)]);
  await cloud.destroy('Returned');
  expect(await cloud.secrets.daysLeft(secretName)).toBeGreaterThan(6);
});

test.concurrent('a role that is made by the report of Role.customizeRoles does the work', async () => {
  const secretName = 'precreated/adopted';
  await cloud.secrets.create(secretName, 'theirs');
  const customized = (usePrecreatedRoles?: Record<string, string>) => (stack: Stack) => {
    Role.customizeRoles(stack, { usePrecreatedRoles });
    const secret = new RecoverableSecret(stack, 'Secret', {
      secretName,
      existingSecretPolicy: ExistingSecretPolicy.ADOPT,
    });
    new RecoverableSecret(new NestedStack(stack, 'Nested'), 'Secret');
    new CfnOutput(stack, 'Outcome', { value: secret.outcome });
  };
  // The same app says what the roles must be able to do, and takes them when they are there.
  const { roles } = JSON.parse(cloud.synthesized('Precreated', customized(), 'iam-policy-report.json'));
  const inPlainText = (text: string) =>
    text
      .replaceAll('(PARTITION)', 'aws')
      .replaceAll('(REGION)', REGION)
      .replaceAll('(ACCOUNT)', '000000000000')
      .replaceAll(/"\([^)]*LogGroup[^)]*\)"/g, '"*"');
  const nameOf = (path: string) => `made-for-${path.includes('Nested') ? 'nested' : 'outer'}`;
  await cloud.deploy('Precreated-Roles', (stack) => {
    for (const { roleConstructPath: path, assumeRolePolicy, identityPolicyStatements } of roles) {
      new CfnRole(stack, nameOf(path), {
        roleName: nameOf(path),
        assumeRolePolicyDocument: { Version: '2012-10-17', Statement: assumeRolePolicy },
        policies: [
          {
            policyName: 'Report',
            policyDocument: {
              Version: '2012-10-17',
              Statement: JSON.parse(inPlainText(JSON.stringify(identityPolicyStatements))),
            },
          },
        ],
      });
    }
  });

  const precreated = customized(
    Object.fromEntries(roles.map(({ roleConstructPath: path }: { roleConstructPath: string }) => [path, nameOf(path)])),
  );
  expect(await cloud.deploy('Precreated', precreated)).toEqual({ Outcome: 'ADOPTED' });
  expect(await cloud.secrets.value(secretName)).toBe('theirs');
  await cloud.destroy('Precreated');
  expect(await cloud.secrets.daysLeft(secretName)).toBe(30);
  expect(await cloud.deploy('Precreated', precreated)).toEqual({ Outcome: 'RESTORED' });
});

test.concurrent('one template under two stack names is two owners, each with secrets of its own', async () => {
  const twin = (stack: Stack) => {
    const nested = new NestedStack(stack, 'Nested');
    const [outer, inner] = [stack, nested].map((scope) => new RecoverableSecret(scope, 'Secret'));
    new CfnOutput(stack, 'Outer', { value: outer.secretArn });
    new CfnOutput(stack, 'Inner', { value: inner.secretArn });
    new CfnOutput(stack, 'Outcome', { value: outer.outcome });
  };
  const first = await cloud.deploy('Twin-One', twin);
  const second = await cloud.deployAgainAs('Twin-One', 'Twin-Two');
  expect(second.Outcome).toBe('CREATED');
  for (const output of ['Outer', 'Inner']) {
    expect(first[output]).toMatch(/:secret:Twin_One\/Secret-/);
    expect(second[output]).toMatch(/:secret:Twin_Two\/Secret-/);
    expect(await cloud.secrets.tags(second[output])).toMatchObject({ [OWNER]: 'Twin-Two' });
    await cloud.secrets.put(second[output], 'written by hand');
  }

  await cloud.destroy('Twin-Two');
  for (const output of ['Outer', 'Inner']) {
    expect(await cloud.secrets.daysLeft(first[output])).toBeUndefined();
    expect(await cloud.secrets.daysLeft(second[output])).toBe(30);
  }
  expect(await cloud.deployAgainAs('Twin-One', 'Twin-Two')).toMatchObject({ ...second, Outcome: 'RESTORED' });
  for (const output of ['Outer', 'Inner']) expect(await cloud.secrets.value(second[output])).toBe('written by hand');
});
