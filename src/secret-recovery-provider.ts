import * as path from 'node:path';
import { ArnFormat, Aws, Duration, Lazy, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct, type IConstruct } from 'constructs';
import { acknowledgeWildcard } from './private/cdk-nag';
import { OWNERSHIP_TAG, RETURNED } from './private/contract';
import { error } from './private/error';
import { outermostStack } from './private/secret-name';

/**
 * Settings of the function that restores and deletes secrets.
 */
export interface SecretRecoveryProviderProps {
  /**
   * Where the function writes its log: request types, names, ARNs and decisions, never a value.
   *
   * One that outlives the stack keeps the trace of what happened to its secrets. The role may write into this one only.
   *
   * @default - a log group of its own that keeps events for one month and is deleted with the stack
   */
  readonly logGroup?: logs.ILogGroup;
}

/**
 * The custom resource provider of recoverable secrets: a Lambda function, its role and its log group.
 *
 * Every stack with a recoverable secret gets one of its own. To share one, put it into a stack of its own that is
 * deployed first and destroyed last, and pass it as `provider`: without the function, CloudFormation can neither change
 * nor delete the secrets.
 *
 * Its role may change and delete only secrets that carry an ownership tag of the stack it serves, or, when it is
 * shared, of any stack of the account and region; IAM refuses everything else. It can neither read a value nor list
 * secrets. `docs/security.md` in the repository of this library goes through it statement by statement.
 *
 * @example
 * const shared = new SecretRecoveryProvider(new Stack(app, 'SecretRecovery'), 'Provider');
 *
 * new RecoverableSecret(this, 'Shared', { provider: shared });
 */
export class SecretRecoveryProvider extends Construct {
  /**
   * The provider of the stack that `scope` is in; created when there is none.
   *
   * Throws when something else has the construct id `SecretRecoveryProvider` in that stack.
   *
   * @param scope Any construct of the stack
   */
  public static getOrCreate(scope: IConstruct): SecretRecoveryProvider {
    const stack = Stack.of(scope);
    const existing = stack.node.tryFindChild(OF_STACK);
    if (existing && !('serviceToken' in existing)) {
      throw error(existing, `the id '${OF_STACK}' must stay free in a stack with recoverable secrets`);
    }
    return (existing as SecretRecoveryProvider | undefined) ?? new SecretRecoveryProvider(stack, OF_STACK);
  }

  /**
   * The ARN of the function, as custom resources name it.
   */
  public readonly serviceToken: string;

  /**
   * The role of the function.
   */
  public readonly role: iam.IRole;

  /** The only stack that this provider serves; undefined for one that was made to be shared. */
  private readonly serves: Stack | undefined;
  private readonly owners: Set<string>;
  private readonly policy: iam.PolicyDocument;
  private readonly takeOver = new Map<string, iam.PolicyStatement>();
  private namesAllowed = 0;
  private seesStacks = false;

  constructor(scope: Construct, id: string, props: SecretRecoveryProviderProps = {}) {
    super(scope, id);
    this.serves = id === OF_STACK && scope === Stack.of(this) ? Stack.of(this) : undefined;
    // Never empty, and what is served stays served while the provider lives: CloudFormation updates its role before it
    // deletes a secret that left the template.
    this.owners = new Set([outermostStack(this).stackName]);

    const logGroup =
      props.logGroup ??
      new logs.LogGroup(this, 'LogGroup', {
        retention: logs.RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      });
    this.policy = new iam.PolicyDocument({ statements: this.statements(logGroup) });
    // Inline, so that the permissions come before the first secret and leave after the last one.
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Schedules, restores and reconciles the secrets of its owners',
      inlinePolicies: { SecretRecovery: this.policy },
    });
    this.acknowledgeWildcards(logGroup);
    const handler = new lambda.Function(this, 'Function', {
      description: 'Restores a secret on create, schedules its deletion on delete',
      code: lambda.Code.fromAsset(path.join(__dirname, '..', 'assets', 'handler', 'secret-recovery.lambda')),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_LATEST,
      memorySize: 256,
      timeout: Duration.minutes(10),
      role: this.role,
      logGroup,
    });
    this.serviceToken = handler.functionArn;
    this.node.addValidation({ validate: () => this.sizeErrors() });
  }

  /**
   * Throws when a resource in the stack of `scope` cannot be served.
   *
   * @internal
   */
  public _assertServes(scope: IConstruct): void {
    const [there, here] = [Stack.of(this), Stack.of(scope)];
    const differs = (a: string, b: string) => !Token.isUnresolved(a) && !Token.isUnresolved(b) && a !== b;
    if (differs(there.region, here.region) || differs(there.account, here.account)) {
      throw error(
        scope,
        `provider must be in the account and region of the secret (${here.account}, ` +
          `${here.region}), got: '${this.node.path}' in ${there.account}, ${there.region}`,
      );
    }
    if (this.serves && this.serves !== here) {
      throw error(
        scope,
        `provider must be of the same stack, or made with new SecretRecoveryProvider() to be ` +
          `shared, got: '${this.node.path}', which serves its own stack only`,
      );
    }
  }

  /**
   * Gives the role what one secret needs.
   *
   * @internal
   */
  public _allow(secret: SecretPermissions): void {
    this.owners.add(secret.owner);
    // Until the secret carries the tag of its new owner, only its name tells it from others.
    if (secret.restoreAny) {
      this.allowByName('RestoreByName', secret.secretName, [
        'RestoreSecret',
        'TagResource',
        'UntagResource',
        'DeleteSecret',
      ]);
    }
    if (secret.adoptAny) this.allowByName('AdoptByName', secret.secretName, ['TagResource', 'UntagResource']);
    if (secret.restoreAny || secret.adoptAny) this.seeStacks();
  }

  /** A native secret can come from any stack, and that stack must have let go of it. */
  private seeStacks(): void {
    if (this.seesStacks || !this.serves) return;
    this.seesStacks = true;
    this.policy.addStatements(
      new iam.PolicyStatement({ sid: 'SeeStacks', actions: SEE_STACK, resources: [this.stackArn('*')] }),
    );
  }

  private allowByName(sid: string, secretName: string, operations: string[]): void {
    const resource = this.secretArn(Aws.REGION, `${secretName}-??????`);
    this.namesAllowed += 1;
    const statement = this.takeOver.get(sid);
    if (statement) {
      statement.addResources(resource);
      return;
    }
    const created = new iam.PolicyStatement({ sid, actions: actions(operations), resources: [resource] });
    this.takeOver.set(sid, created);
    this.policy.addStatements(created);
  }

  private statements(logGroup: logs.ILogGroup): iam.PolicyStatement[] {
    const secrets = this.secretArn(Aws.REGION, '*');
    const owners = Lazy.any({ produce: () => [...this.owners].sort() });
    return [
      new iam.PolicyStatement({
        sid: 'CreateOwned',
        actions: actions(['CreateSecret']),
        resources: [secrets],
        conditions: { StringEquals: { [`aws:RequestTag/${OWNERSHIP_TAG.owner}`]: owners } },
      }),
      // CreateSecret with tags needs this as well. A secret that has an owner cannot be given another one here.
      new iam.PolicyStatement({
        sid: 'TagCreated',
        actions: actions(['TagResource']),
        resources: [secrets],
        conditions: {
          StringEquals: { [`aws:RequestTag/${OWNERSHIP_TAG.owner}`]: owners },
          Null: { [`aws:ResourceTag/${OWNERSHIP_TAG.owner}`]: 'true' },
        },
      }),
      new iam.PolicyStatement({
        sid: 'ManageOwned',
        actions: actions(MANAGE),
        resources: [secrets],
        conditions: { StringEquals: { [`aws:ResourceTag/${OWNERSHIP_TAG.owner}`]: owners } },
      }),
      // A secret that left the template or changed its owner may have an owner that is no longer in the list.
      new iam.PolicyStatement({
        sid: 'ManageHeld',
        actions: actions(MANAGE),
        resources: [secrets],
        conditions: {
          StringLike: { [`aws:ResourceTag/${OWNERSHIP_TAG.stackId}`]: this.serves ? Aws.STACK_ID : this.stackArn('*') },
        },
      }),
      // Secrets Manager refuses a change of tags that locks its caller out. So whoever gives a secret back leaves the
      // tag of its own stack there, and only this tells whose the secret is.
      ...(this.serves
        ? [
            new iam.PolicyStatement({
              sid: 'ManageReturned',
              actions: actions(MANAGE),
              resources: [secrets],
              conditions: {
                StringEquals: {
                  [`aws:ResourceTag/${OWNERSHIP_TAG.previousStackId}`]: Aws.STACK_ID,
                  [`aws:ResourceTag/${OWNERSHIP_TAG.origin}`]: RETURNED,
                },
              },
            }),
          ]
        : []),
      // Metadata only. By name and not by tag: what does not exist has no tag, and must answer "not found".
      new iam.PolicyStatement({
        sid: 'Describe',
        actions: actions(['DescribeSecret']),
        resources: [this.secretArn('*', '*')],
      }),
      // This operation has no resource.
      new iam.PolicyStatement({ sid: 'Generate', actions: actions(['GetRandomPassword']), resources: ['*'] }),
      new iam.PolicyStatement({
        sid: 'UseKeysThroughSecretsManager',
        actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringLike: { 'kms:ViaService': 'secretsmanager.*.amazonaws.com*' } },
      }),
      new iam.PolicyStatement({ sid: 'SeeDeadKeys', actions: ['kms:DescribeKey'], resources: ['*'] }),
      // Only the stack can tell whether a Delete undoes a failed deployment or tears something down.
      new iam.PolicyStatement({
        sid: 'SeeOwnStack',
        actions: SEE_STACK,
        resources: this.serves
          ? [Aws.STACK_ID, this.stackArn(`${outermostStack(this).stackName}/*`)]
          : [this.stackArn('*')],
      }),
      new iam.PolicyStatement({
        sid: 'WriteLog',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    ];
  }

  /** What cdk-nag would object to, each with what keeps it small. */
  private acknowledgeWildcards(logGroup: logs.ILogGroup): void {
    const reasons = {
      [this.secretArn(Aws.REGION, '*')]: 'The ownership tags in the conditions limit this, not the name.',
      [this.secretArn('*', '*')]: 'Metadata only; a secret that does not exist must answer "not found".',
      '*': 'A random password has no resource. Keys: only through Secrets Manager, and the metadata.',
      [this.stackArn(`${outermostStack(this).stackName}/*`)]: 'A stack by its name: the rest of the ARN is random.',
      [this.stackArn('*')]: 'Read only: which stack holds the secret is known when it is taken over.',
      [logGroup.logGroupArn]: 'The streams of one log group.',
    };
    for (const [resource, reason] of Object.entries(reasons)) acknowledgeWildcard(this.role, resource, reason);
  }

  private stackArn(resourceName: string): string {
    return Stack.of(this).formatArn({ service: 'cloudformation', resource: 'stack', resourceName });
  }

  private sizeErrors(): string[] {
    const size = JSON.stringify(withLongestTokens(Stack.of(this).resolve(this.policy))).length;
    if (size <= MAX_POLICY_CHARACTERS) return [];
    return [
      `the policy of the role must not exceed ${MAX_POLICY_CHARACTERS} characters (IAM quota), got: about ${size} for ` +
        `${this.owners.size} owners and ${this.namesAllowed} names; restorePolicy ALWAYS and existingSecretPolicy ADOPT ` +
        'need a name each: take secrets over in several deployments, or give each stack a provider of its own',
    ];
  }

  private secretArn(region: string, resourceName: string): string {
    return Stack.of(this).formatArn({
      service: 'secretsmanager',
      region,
      resource: 'secret',
      resourceName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}

/** What the role must be able to do for one secret. */
interface SecretPermissions {
  readonly owner: string;
  /** A construct in the stack of the secret. */
  readonly scope: IConstruct;
  readonly secretName: string;
  readonly restoreAny: boolean;
  readonly adoptAny: boolean;
}

/** Id of the provider that a stack has for itself. */
const OF_STACK = 'SecretRecoveryProvider';

/** For all inline policies of a role together. */
const MAX_POLICY_CHARACTERS = 10_240;

/** What only the deployment knows, as long as it can get. */
const LONGEST: Readonly<Record<string, string>> = {
  'AWS::AccountId': '123456789012',
  'AWS::Partition': 'aws-us-gov',
  'AWS::Region': 'ap-southeast-1',
  'AWS::StackId': 'x'.repeat(220),
};

function withLongestTokens(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withLongestTokens);
  if (typeof value !== 'object' || value === null) return value;
  const [[key, argument]] = Object.entries(value).concat([['', undefined]]);
  if (key === 'Ref') return LONGEST[argument] ?? 'x'.repeat(64);
  if (key === 'Fn::Join') return argument[1].map(withLongestTokens).join(argument[0]);
  if (key.startsWith('Fn::')) return 'x'.repeat(128);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withLongestTokens(member)]));
}

const SEE_STACK = ['DescribeStacks', 'DescribeStackResource', 'DescribeChangeSet'].map(
  (operation) => `cloudformation:${operation}`,
);

const MANAGE = [
  'RestoreSecret',
  'UpdateSecret',
  'PutSecretValue',
  'TagResource',
  'UntagResource',
  'UpdateSecretVersionStage',
  'ReplicateSecretToRegions',
  'RemoveRegionsFromReplication',
  'DeleteSecret',
];

function actions(operations: string[]): string[] {
  return operations.map((operation) => `secretsmanager:${operation}`);
}
