import { App, Stack } from 'aws-cdk-lib';
import { ExistingSecretPolicy, RecoverableSecret, RestorePolicy, SecretRecoveryProvider } from '../../src';
import { NO_WINDOW, OWNERSHIP_TAG, RETURNED } from '../../src/private/contract';
import { onlyDeployed } from '../support/deployed';
import { policyOf, type SecretDeclaration, stackArn } from './app';
import type { Target } from './fake-secrets-manager';
import { type Policy, permits } from './permissions';

// The model must not permit more, or less, than the role that the construct renders.

const REGION = 'eu-west-1';
const ACCOUNT = '111122223333';
const STACK_ID = `${stackArn(REGION, 'One')}/1`;

const secret = (changes: Partial<SecretDeclaration>): SecretDeclaration => ({
  logicalId: 'A',
  name: 'a',
  value: 'none',
  description: '',
  replicas: [],
  window: 30,
  force: false,
  retain: false,
  restorePolicy: 'IF_OWNED',
  existingPolicy: 'ADOPT_IF_OWNED',
  restoredValue: 'KEEP',
  updatedValue: 'REGENERATE',
  purgeProtection: false,
  policy: false,
  ...changes,
});

const SECRETS = [
  secret({ name: 'a', owner: 'shared' }),
  secret({ logicalId: 'B', name: 'b', restorePolicy: 'ALWAYS' }),
  secret({ logicalId: 'C', name: 'c', existingPolicy: 'ADOPT', purgeProtection: true }),
];

interface Statement {
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

/** The statements about secrets, with everything that only the deployment knows filled in. */
function rendered(shared: boolean): Statement[] {
  const app = new App();
  const env = { account: ACCOUNT, region: REGION };
  const one = new Stack(app, 'One', { env });
  const home = shared ? new Stack(app, 'Provider', { env }) : one;
  const provider = shared ? new SecretRecoveryProvider(home, 'Shared') : undefined;
  for (const { logicalId, name, owner, restorePolicy, existingPolicy, purgeProtection } of SECRETS) {
    new RecoverableSecret(one, logicalId, {
      secretName: name,
      owner,
      provider,
      restorePolicy: RestorePolicy[restorePolicy],
      existingSecretPolicy: ExistingSecretPolicy[existingPolicy],
      purgeProtection,
    });
  }
  const [inline, attached] = [
    onlyDeployed(home, 'AWS::IAM::Role').Properties.Policies[0],
    onlyDeployed(home, 'AWS::IAM::Policy').Properties,
  ];
  return [...inline.PolicyDocument.Statement, ...attached.PolicyDocument.Statement];
}

/** As IAM evaluates the statements, as far as they go. */
function allowed(statements: Statement[], action: string, target: Target): boolean {
  const { region, name, tags, requestTags, forced } = target;
  const arn = `arn:aws:secretsmanager:${region}:${ACCOUNT}:secret:${name}-AbCdEf`;
  const value = (key: string) => {
    // Only this operation has the key, and only when it is asked for.
    if (key === 'secretsmanager:ForceDeleteWithoutRecovery') return forced ? 'true' : undefined;
    const [kind, tag] = [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)];
    return (kind === 'aws:RequestTag' ? requestTags : tags)?.[tag];
  };
  const holds = (operator: string, key: string, wanted: unknown) => {
    const patterns = [wanted].flat().map(String);
    const actual = value(key);
    if (actual === undefined) return operator.endsWith('IfExists');
    return patterns.some((pattern) => (operator === 'StringLike' ? like(pattern, actual) : pattern === actual));
  };
  return statements.some(
    ({ Action, Resource, Condition = {} }) =>
      [Action].flat().includes(`secretsmanager:${action}`) &&
      [Resource].flat().some((pattern) => like(String(pattern), arn)) &&
      Object.entries(Condition).every(([operator, keys]) =>
        Object.entries(keys).every(([key, wanted]) => holds(operator, key, wanted)),
      ),
  );
}

function like(pattern: string, text: string): boolean {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${escaped}$`).test(text);
}

const ACTIONS = [
  'CreateSecret',
  'DescribeSecret',
  'RestoreSecret',
  'UpdateSecret',
  'PutSecretValue',
  'TagResource',
  'UntagResource',
  'UpdateSecretVersionStage',
  'ReplicateSecretToRegions',
  'RemoveRegionsFromReplication',
  'DeleteSecret',
  'GetSecretValue',
  'GetResourcePolicy',
  'PutResourcePolicy',
  'DeleteResourcePolicy',
];

const HISTORIES: Record<string, string>[] = [
  {},
  { [OWNERSHIP_TAG.previousStackId]: STACK_ID, [OWNERSHIP_TAG.origin]: RETURNED },
  { [OWNERSHIP_TAG.previousStackId]: STACK_ID, [OWNERSHIP_TAG.origin]: 'ADOPTED request 2026-01-01T00:00:00.000Z' },
  { [OWNERSHIP_TAG.previousStackId]: `${stackArn(REGION, 'Two')}/1`, [OWNERSHIP_TAG.origin]: RETURNED },
  { [OWNERSHIP_TAG.recoveryWindow]: '30' },
  { [OWNERSHIP_TAG.recoveryWindow]: NO_WINDOW },
];

/** Every combination of what the conditions look at. */
function targets(): Target[] {
  const owners = [undefined, 'One', 'shared', 'Stranger'];
  const holders = [undefined, STACK_ID, `${stackArn(REGION, 'Two')}/1`, `${stackArn('us-east-1', 'Two')}/1`];
  const found: Target[] = [];
  for (const region of [REGION, 'us-east-1']) {
    for (const name of ['a', 'b', 'c', 'd']) {
      for (const owner of owners) {
        for (const holder of holders) {
          for (const requestOwner of owners) {
            for (const more of HISTORIES) {
              found.push({
                region,
                name,
                tags: { ...tag(OWNERSHIP_TAG.owner, owner), ...tag(OWNERSHIP_TAG.stackId, holder), ...more },
                requestTags: tag(OWNERSHIP_TAG.owner, requestOwner),
              });
            }
          }
        }
      }
    }
  }
  return found;
}

function tag(key: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [key]: value };
}

test.each([
  ['of a stack', false],
  ['that is shared', true],
])('the role of a provider %s permits what the model permits', (_what, shared) => {
  const statements = rendered(shared);
  const name = shared ? 'Provider' : 'One';
  const policy: Policy = policyOf(
    { name, id: shared ? `${stackArn(REGION, name)}/1` : STACK_ID, region: REGION, shared },
    SECRETS.map((each) => ({ stackName: 'One', secret: each })),
  );
  const calls = targets().flatMap((target) => [
    ...ACTIONS.map((action) => ({ action, target })),
    { action: 'DeleteSecret', target: { ...target, forced: true } },
  ]);
  const wrong = calls
    .filter(({ action, target }) => permits(policy, action, target) !== allowed(statements, action, target))
    .map(
      ({ action, target }) => `${action} ${JSON.stringify(target)}: the model says ${permits(policy, action, target)}`,
    );
  expect(wrong.slice(0, 5)).toEqual([]);
});
