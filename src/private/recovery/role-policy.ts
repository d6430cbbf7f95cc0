import { ArnFormat, Aws, type IResolveContext, ScopedAws, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IConstruct } from 'constructs';
import { acknowledgeWildcard } from '../cdk-nag';
import { NO_WINDOW, OWNERSHIP_TAG, RETURNED } from '../contract';
import { error, pathOf } from '../error';
import { renderedProperties } from '../rendered';
import { deployedStackName, outermostStack, synthesizedStackName } from './outermost-stack';
import type { SecretPermissions } from './serving';
import { synthesizedSecretName } from './synthesized-name';

/** Whom and what a role is for. */
export interface RolePolicyProps {
  /** The only stack that is served; undefined for a provider that was made to be shared. */
  readonly serves?: Stack;
  /** Owners and beginnings of owners, for a shared one that serves no others. */
  readonly owners?: string[];
  readonly logGroup: ILogGroup;
  /** Whether the function runs in a VPC. */
  readonly inVpc: boolean;
  readonly deadLetterQueue?: IQueue;
}

/** The stack of the role, in names that a policy can use. */
interface OwnStack {
  /** Of the outermost stack. */
  readonly stackName: string;
  readonly stackId: string;
  /** Undefined where the stack of the role cannot know it. */
  nameOf(secret: SecretPermissions): string | undefined;
}

/**
 * What the role of a provider may do. Of constant size, whatever the number of secrets: IAM goes by the ownership tags,
 * and by name only until a secret that is taken over carries them.
 */
export class RolePolicy {
  public readonly document: iam.PolicyDocument = new LatePolicyDocument(() => this.statements(this.asDeployed()));
  private readonly scope: IConstruct;
  private readonly props: RolePolicyProps;
  private readonly served: SecretPermissions[] = [];
  private holder?: IConstruct;

  /**
   * @param scope A construct in the stack of the role
   */
  constructor(scope: IConstruct, props: RolePolicyProps) {
    this.scope = scope;
    this.props = props;
  }

  /** Adds what one secret needs. */
  public allow(secret: SecretPermissions): void {
    const isKnown = secret.owner ?? this.props.owners ?? synthesizedStackName(secret.secret);
    if (isKnown === undefined && this.isElsewhere(secret)) {
      throw error(
        secret.secret,
        'owner must be given for a secret whose stack is deployed under a name that others choose, when its provider ' +
          'is of another stack, whose permissions are written with it, got: no owner',
      );
    }
    this.served.push(secret);
    if (secret.owner !== undefined) this.acknowledgeStacks(secret.owner);
  }

  /** Tells cdk-nag what keeps the wildcards of this policy small. */
  public acknowledgeWildcards(holder: IConstruct): void {
    this.acknowledgeSecrets(holder);
    const reasons = {
      [this.secretArn('*', '*')]: 'Metadata only; a secret that does not exist must answer "not found".',
      '*': 'A random password has no resource. Keys: only through Secrets Manager, and the metadata. Network interfaces.',
      [this.stackArn('*')]: 'Read only: which stack holds a secret is known when it is taken over.',
      [this.props.logGroup.logGroupArn]: 'The streams of one log group.',
    };
    for (const [resource, reason] of Object.entries(reasons)) acknowledgeWildcard(holder, resource, reason);
    this.holder = holder;
    this.acknowledgeStacks(deployedStackName(this.scope));
  }

  /** The same for a policy that goes by tags only. */
  public acknowledgeSecrets(holder: IConstruct): void {
    const reason = 'The ownership tags in the conditions limit this, not the name.';
    acknowledgeWildcard(holder, this.secretArn(Aws.REGION, '*'), reason);
  }

  private acknowledgeStacks(name: string): void {
    for (const resource of this.stacksNamed(name)) {
      if (this.holder) acknowledgeWildcard(this.holder, resource, 'Stacks by their name: the rest is random.');
    }
  }

  /** Everything that the role may do somewhere. */
  public actions(): string[] {
    return [...new Set(this.report().flatMap((statement) => statement.actions))].sort();
  }

  /** The statements in the names that the app gives, for somebody who makes the role by hand. */
  public report(): iam.PolicyStatement[] {
    const own = this.asSynthesized();
    return [...this.statements(own), ...this.protection(own)];
  }

  /** What `purgeProtection` needs; empty without. For a policy of its own, which goes after the last secret that has it. */
  public protection(own: OwnStack = this.asDeployed()): iam.PolicyStatement[] {
    if (!this.served.some(({ purgeProtection }) => purgeProtection)) return [];
    return [
      new iam.PolicyStatement({
        sid: 'ProtectFromPurge',
        actions: actions(['GetResourcePolicy', 'PutResourcePolicy', 'DeleteResourcePolicy']),
        resources: [this.secretArn(Aws.REGION, '*')],
        conditions: this.isOurs(own),
      }),
    ];
  }

  /** A condition on a secret: that one of the stacks or owners has it. */
  private isOurs(own: OwnStack): iam.Conditions {
    const { owners } = this.props;
    if (owners) return { StringLike: { [`aws:ResourceTag/${OWNERSHIP_TAG.owner}`]: owners } };
    return { StringLike: { [`aws:ResourceTag/${OWNERSHIP_TAG.stackId}`]: oneOrAll(this.holders(own)) } };
  }

  /** What is wrong with the policy, once everything is allowed. */
  public errors(): string[] {
    return [...this.nameErrors(), ...this.sizeErrors()];
  }

  private sizeErrors(): string[] {
    const longest = { ...LONGEST, 'AWS::StackName': synthesizedStackName(this.scope) ?? 'x'.repeat(128) };
    const documents = [this.document, new iam.PolicyDocument({ statements: this.protection() })];
    const size = documents
      .map((document) => Stack.of(this.scope).resolve(document))
      .reduce((sum, document) => sum + (JSON.stringify(withLongestTokens(document, longest))?.length ?? 0), 0);
    if (size <= MAX_POLICY_CHARACTERS) return [];
    return [
      `the policy of the role must not exceed ${MAX_POLICY_CHARACTERS} characters (IAM quota), got: about ${size} for ` +
        `${this.owners(this.asDeployed()).length} owners and ${this.restored.length + this.adopted.length} names; restorePolicy ALWAYS and existingSecretPolicy ADOPT ` +
        'need a name each: take secrets over in several deployments, or give each stack a provider of its own',
    ];
  }

  /** A reference to the stack of the secret would be a circle: that stack refers to this one already. */
  private nameErrors(): string[] {
    return [...new Set([...this.restored, ...this.adopted])]
      .filter((each) => this.asDeployed().nameOf(each) === undefined)
      .map(
        ({ secret }) =>
          'restorePolicy ALWAYS and existingSecretPolicy ADOPT need a secretName that is known at synthesis when the ' +
          `provider is of another stack, got: a token for '${pathOf(secret)}'`,
      );
  }

  /** Never empty: CloudFormation updates the role before it deletes a secret that left the template. */
  private owners({ stackName }: OwnStack): string[] {
    if (this.props.owners) return this.props.owners;
    const others = this.served.flatMap((each) => {
      const owner = each.owner ?? (this.isElsewhere(each) ? synthesizedStackName(each.secret) : undefined);
      return owner === undefined ? [] : [owner];
    });
    return [stackName, ...[...new Set(others)].sort()];
  }

  private asDeployed(): OwnStack {
    const stack = Stack.of(this.scope);
    return {
      stackName: deployedStackName(this.scope),
      stackId: new ScopedAws(stack).stackId,
      nameOf: ({ secret }) => {
        const name = Stack.of(secret) === stack ? renderedProperties(secret).Name : synthesizedSecretName(secret);
        if (Stack.of(secret) === stack && name !== undefined) return Token.asString(name);
        return typeof name === 'string' ? name : undefined;
      },
    };
  }

  private asSynthesized(): OwnStack {
    const deployed = this.asDeployed();
    const stackName = synthesizedStackName(this.scope);
    if (stackName === undefined) return deployed;
    const nested = Stack.of(this.scope) !== outermostStack(this.scope);
    return {
      stackName,
      stackId: this.stackArn(nested ? `${stackName}-*` : `${stackName}/*`),
      nameOf: (each) => {
        const name = synthesizedSecretName(each.secret);
        return typeof name === 'string' ? name : deployed.nameOf(each);
      },
    };
  }

  /** The stacks whose secrets are managed whoever owns them. */
  private holders({ stackId }: OwnStack): string[] {
    const { serves, owners } = this.props;
    if (serves) return [stackId];
    if (!owners) return [this.stackArn('*')];
    return owners
      .filter((owner) => /^[A-Za-z0-9-]+\*?$/.test(owner))
      .flatMap((owner) => (owner.endsWith('*') ? [this.stackArn(`${owner}/*`)] : this.stacksNamed(owner)));
  }

  /**
   * The stack, and those that are or were nested in it. An owner can be the name that the stack had before, or that of
   * one that shares its secrets.
   */
  private ownStacks(own: OwnStack): string[] {
    const nested = Stack.of(this.scope) !== outermostStack(this.scope);
    const names = this.owners(own).filter((owner) => owner === own.stackName || /^[A-Za-z][A-Za-z0-9-]*$/.test(owner));
    return [
      // CloudFormation cuts long names of nested stacks.
      ...(nested ? [own.stackId] : []),
      ...names.flatMap((name) => this.stacksNamed(name)),
    ];
  }

  private stacksNamed(name: string): string[] {
    return [this.stackArn(`${name}/*`), this.stackArn(`${name}-*/*`)];
  }

  private get restored(): SecretPermissions[] {
    return this.served.filter(({ restoreAny }) => restoreAny);
  }

  private get adopted(): SecretPermissions[] {
    return this.served.filter(({ adoptAny }) => adoptAny);
  }

  private isElsewhere({ secret }: SecretPermissions): boolean {
    return outermostStack(secret) !== outermostStack(this.scope);
  }

  private byName(sid: string, names: (string | undefined)[], operations: string[]): iam.PolicyStatement[] {
    const resources = names.flatMap((name) =>
      name === undefined ? [] : [this.secretArn(Aws.REGION, `${name}-??????`)],
    );
    if (resources.length === 0) return [];
    const conditions = operations.includes('DeleteSecret') ? NOT_FORCED : undefined;
    return [new iam.PolicyStatement({ sid, actions: actions(operations), resources, conditions })];
  }

  private statements(own: OwnStack): iam.PolicyStatement[] {
    const { serves, logGroup, inVpc, deadLetterQueue } = this.props;
    const secrets = this.secretArn(Aws.REGION, '*');
    const owners = this.owners(own);
    const holders = this.holders(own);
    const isOwner = (key: string) => ({ [this.props.owners ? 'StringLike' : 'StringEquals']: { [key]: owners } });
    const isHeld = { StringLike: { [`aws:ResourceTag/${OWNERSHIP_TAG.stackId}`]: oneOrAll(holders) } };
    const manage = (sid: string, conditions: iam.Conditions) =>
      new iam.PolicyStatement({
        sid,
        actions: actions(MANAGE),
        resources: [secrets],
        conditions: { ...conditions, ...NOT_FORCED },
      });
    const [restored, adopted] = [this.restored, this.adopted].map((secrets) => secrets.map(own.nameOf));
    return [
      new iam.PolicyStatement({
        sid: 'CreateOwned',
        actions: actions(['CreateSecret']),
        resources: [secrets],
        conditions: isOwner(`aws:RequestTag/${OWNERSHIP_TAG.owner}`),
      }),
      manage('ManageOwned', isOwner(`aws:ResourceTag/${OWNERSHIP_TAG.owner}`)),
      // A secret that left the template or changed its owner may have an owner that is no longer in the list.
      ...(holders.length > 0 ? [manage('ManageHeld', isHeld)] : []),
      // Secrets Manager refuses a change of tags that locks its caller out. So whoever gives a secret back leaves the
      // tag of its own stack there, and only this tells whose the secret is.
      ...(serves
        ? [
            manage('ManageReturned', {
              StringLike: {
                [`aws:ResourceTag/${OWNERSHIP_TAG.previousStackId}`]: own.stackId,
                [`aws:ResourceTag/${OWNERSHIP_TAG.origin}`]: RETURNED,
              },
            }),
          ]
        : []),
      // What no other statement allows. The tag stays when the secret has left the template.
      new iam.PolicyStatement({
        sid: 'ForceDeleteAsDeclared',
        actions: actions(['DeleteSecret']),
        resources: [secrets],
        conditions: {
          ...this.isOurs(own),
          StringEquals: { [`aws:ResourceTag/${OWNERSHIP_TAG.recoveryWindow}`]: NO_WINDOW },
          Bool: { [FORCED]: 'true' },
        },
      }),
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
        resources: serves ? this.ownStacks(own) : [this.stackArn('*')],
      }),
      // Whether the resource that the tags of a live secret name still has it, in whatever stack.
      ...(serves
        ? [
            new iam.PolicyStatement({
              sid: 'SeeHolders',
              actions: ['cloudformation:DescribeStackResource'],
              resources: [this.stackArn('*')],
            }),
          ]
        : []),
      new iam.PolicyStatement({
        sid: 'WriteLog',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
      ...(deadLetterQueue
        ? [
            new iam.PolicyStatement({
              sid: 'SendDeadLetters',
              actions: ['sqs:SendMessage'],
              resources: [deadLetterQueue.queueArn],
            }),
          ]
        : []),
      ...(deadLetterQueue?.encryptionMasterKey
        ? [
            new iam.PolicyStatement({
              sid: 'EncryptDeadLetters',
              actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
              resources: [deadLetterQueue.encryptionMasterKey.keyArn],
            }),
          ]
        : []),
      // Lambda makes the interfaces in the name of the role; it names no resource before they exist.
      ...(inVpc
        ? [new iam.PolicyStatement({ sid: 'AttachToVpc', actions: NETWORK_INTERFACES, resources: ['*'] })]
        : []),
      // Until the secret carries the tag of its new owner, only its name tells it from others.
      ...this.byName('RestoreByName', restored, ['RestoreSecret', 'TagResource', 'UntagResource', 'DeleteSecret']),
      ...this.byName('AdoptByName', adopted, ['TagResource', 'UntagResource']),
      // A native secret can come from any stack, and that stack must have let go of it.
      ...(serves && restored.length + adopted.length > 0
        ? [new iam.PolicyStatement({ sid: 'SeeStacks', actions: SEE_STACK, resources: [this.stackArn('*')] })]
        : []),
    ];
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

/** Written when the app is complete: what the role needs follows from the names that the secrets have in the end. */
class LatePolicyDocument extends iam.PolicyDocument {
  private readonly produce: () => iam.PolicyStatement[];

  constructor(produce: () => iam.PolicyStatement[]) {
    super();
    this.produce = produce;
  }

  public override get isEmpty(): boolean {
    return false;
  }

  public override resolve(context: IResolveContext): unknown {
    return new iam.PolicyDocument({ statements: this.produce() }).resolve(context);
  }
}

function oneOrAll(values: string[]): string | string[] {
  return values.length === 1 ? values[0] : values;
}

/** For all inline policies of a role together. */
const MAX_POLICY_CHARACTERS = 10_240;

/** What only the deployment knows, as long as it can get. */
const LONGEST = {
  'AWS::AccountId': '123456789012',
  'AWS::Partition': 'aws-us-gov',
  'AWS::Region': 'ap-southeast-1',
  'AWS::StackId': 'x'.repeat(220),
};

function withLongestTokens(value: unknown, longest: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((item) => withLongestTokens(item, longest));
  if (typeof value !== 'object' || value === null) return value;
  const [[key, argument]] = Object.entries(value).concat([['', undefined]]);
  if (key === 'Ref') return longest[argument] ?? 'x'.repeat(64);
  if (key === 'Fn::Join') return [withLongestTokens(argument[1], longest)].flat().join(argument[0]);
  // Joined again, by a delimiter of the same length.
  if (key === 'Fn::Split') return withLongestTokens(argument[1], longest);
  if (key.startsWith('Fn::')) return 'x'.repeat(128);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withLongestTokens(member, longest)]));
}

const SEE_STACK = ['DescribeStacks', 'DescribeStackEvents', 'DescribeStackResource', 'DescribeChangeSet'].map(
  (operation) => `cloudformation:${operation}`,
);

/** What Lambda asks of the role of a function in a VPC. */
const NETWORK_INTERFACES = [
  'CreateNetworkInterface',
  'DescribeNetworkInterfaces',
  'DescribeSubnets',
  'DeleteNetworkInterface',
  'AssignPrivateIpAddresses',
  'UnassignPrivateIpAddresses',
].map((operation) => `ec2:${operation}`);

/** The key that only DeleteSecret has, and only where it is asked for. */
const FORCED = 'secretsmanager:ForceDeleteWithoutRecovery';
const NOT_FORCED = { BoolIfExists: { [FORCED]: 'false' } };

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
