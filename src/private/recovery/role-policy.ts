import { ArnFormat, Aws, Lazy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IConstruct } from 'constructs';
import { OWNERSHIP_TAG, RETURNED } from '../contract';
import { acknowledgeWildcard } from './cdk-nag';
import { outermostStack } from './outermost-stack';

/** What the role must be able to do for one secret. */
export interface SecretPermissions {
  readonly owner: string;
  readonly secretName: string;
  readonly restoreAny: boolean;
  readonly adoptAny: boolean;
}

/** Whom and what a role is for. */
export interface RolePolicyProps {
  /** The only stack that is served; undefined for a provider that was made to be shared. */
  readonly serves?: Stack;
  readonly logGroup: ILogGroup;
}

/**
 * What the role of a provider may do. Of constant size, whatever the number of secrets: IAM goes by the ownership tags,
 * and by name only until a secret that is taken over carries them.
 */
export class RolePolicy {
  public readonly document: iam.PolicyDocument;
  private readonly scope: IConstruct;
  private readonly props: RolePolicyProps;
  private readonly owners: Set<string>;
  private readonly byName = new Map<string, iam.PolicyStatement>();
  private namesAllowed = 0;
  private seesStacks = false;

  /**
   * @param scope A construct in the stack of the role
   */
  constructor(scope: IConstruct, props: RolePolicyProps) {
    this.scope = scope;
    this.props = props;
    // Never empty, and what is served stays served while the provider lives: CloudFormation updates its role before it
    // deletes a secret that left the template.
    this.owners = new Set([outermostStack(scope).stackName]);
    this.document = new iam.PolicyDocument({ statements: this.statements() });
  }

  /** Adds what one secret needs. */
  public allow(secret: SecretPermissions): void {
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

  /** Tells cdk-nag what keeps the wildcards of this policy small. */
  public acknowledgeWildcards(role: iam.IRole): void {
    const reasons = {
      [this.secretArn(Aws.REGION, '*')]: 'The ownership tags in the conditions limit this, not the name.',
      [this.secretArn('*', '*')]: 'Metadata only; a secret that does not exist must answer "not found".',
      '*': 'A random password has no resource. Keys: only through Secrets Manager, and the metadata.',
      [this.outermostStackArn()]: 'A stack by its name: the rest of the ARN is random.',
      [this.stackArn('*')]: 'Read only: which stack holds the secret is known when it is taken over.',
      [this.props.logGroup.logGroupArn]: 'The streams of one log group.',
    };
    for (const [resource, reason] of Object.entries(reasons)) acknowledgeWildcard(role, resource, reason);
  }

  /** What is wrong with the size of the policy, once everything is allowed. */
  public sizeErrors(): string[] {
    const size = JSON.stringify(withLongestTokens(Stack.of(this.scope).resolve(this.document))).length;
    if (size <= MAX_POLICY_CHARACTERS) return [];
    return [
      `the policy of the role must not exceed ${MAX_POLICY_CHARACTERS} characters (IAM quota), got: about ${size} for ` +
        `${this.owners.size} owners and ${this.namesAllowed} names; restorePolicy ALWAYS and existingSecretPolicy ADOPT ` +
        'need a name each: take secrets over in several deployments, or give each stack a provider of its own',
    ];
  }

  /** A native secret can come from any stack, and that stack must have let go of it. */
  private seeStacks(): void {
    if (this.seesStacks || !this.props.serves) return;
    this.seesStacks = true;
    this.document.addStatements(
      new iam.PolicyStatement({ sid: 'SeeStacks', actions: SEE_STACK, resources: [this.stackArn('*')] }),
    );
  }

  private allowByName(sid: string, secretName: string, operations: string[]): void {
    const resource = this.secretArn(Aws.REGION, `${secretName}-??????`);
    this.namesAllowed += 1;
    const statement = this.byName.get(sid);
    if (statement) {
      statement.addResources(resource);
      return;
    }
    const created = new iam.PolicyStatement({ sid, actions: actions(operations), resources: [resource] });
    this.byName.set(sid, created);
    this.document.addStatements(created);
  }

  private statements(): iam.PolicyStatement[] {
    const { serves, logGroup } = this.props;
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
          StringLike: { [`aws:ResourceTag/${OWNERSHIP_TAG.stackId}`]: serves ? Aws.STACK_ID : this.stackArn('*') },
        },
      }),
      // Secrets Manager refuses a change of tags that locks its caller out. So whoever gives a secret back leaves the
      // tag of its own stack there, and only this tells whose the secret is.
      ...(serves
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
        resources: serves ? [Aws.STACK_ID, this.outermostStackArn()] : [this.stackArn('*')],
      }),
      new iam.PolicyStatement({
        sid: 'WriteLog',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
    ];
  }

  private outermostStackArn(): string {
    return this.stackArn(`${outermostStack(this.scope).stackName}/*`);
  }

  private stackArn(resourceName: string): string {
    return Stack.of(this.scope).formatArn({ service: 'cloudformation', resource: 'stack', resourceName });
  }

  private secretArn(region: string, resourceName: string): string {
    return Stack.of(this.scope).formatArn({
      service: 'secretsmanager',
      region,
      resource: 'secret',
      resourceName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}

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
