import * as path from 'node:path';
import { Annotations, AspectPriority, Aspects, Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct, type IConstruct } from 'constructs';
import { acknowledgeInlinePolicy } from './private/cdk-nag';
import { error, pathOf } from './private/error';
import { missingEndpoints } from './private/recovery/endpoints';
import { ImportedProvider } from './private/recovery/imported-provider';
import { synthesizedStackName } from './private/recovery/outermost-stack';
import { assertOwners, assertServed } from './private/recovery/owners';
import { RolePolicy } from './private/recovery/role-policy';
import type { SecretPermissions } from './private/recovery/serving';
import { renderedResource } from './private/rendered';

/**
 * A provider of recoverable secrets, made in this app or in another one.
 */
export interface ISecretRecoveryProvider extends IConstruct {
  /**
   * The ARN of the function, as custom resources name it.
   */
  readonly serviceToken: string;
}

/**
 * Settings of the function that restores and deletes secrets.
 *
 * What concerns the function has the names of `lambda.FunctionOptions` and `custom-resources.Provider`.
 */
export interface SecretRecoveryProviderProps {
  /**
   * Whose secrets the provider may manage, when it is shared: owners, and beginnings of owners with a `*` at the end.
   *
   * The default owner of a secret is the name of its stack. A secret of another owner is refused at synthesis, and by
   * IAM. With a list, stacks of other apps can use the provider as well, see `fromServiceToken()`, and what it may do
   * ends with these owners.
   *
   * Throws for an empty list, for a token, and for what an owner cannot be made of.
   *
   * @default - the owners of all secrets of this app that use it
   */
  readonly owners?: string[];

  /**
   * Where the function writes its log: request types, names, ARNs and decisions, never a value.
   *
   * One that outlives the stack keeps the trace of what happened to its secrets. The role may write into this one only.
   *
   * @default - a log group of its own that keeps events for one month and is deleted with the stack
   */
  readonly logGroup?: logs.ILogGroup;

  /**
   * The role of the function.
   *
   * A policy with all that it needs is attached to it. Where that is not possible, for an imported role that is not
   * mutable, a warning names what the role must be able to do. Lambda must be able to assume it.
   *
   * @default - a role of its own
   */
  readonly role?: iam.IRole;

  /**
   * The VPC to run the function in.
   *
   * It must reach Secrets Manager, KMS, CloudFormation, and S3 for its answers, through a NAT gateway or endpoints;
   * a warning names endpoints that the app's own VPC lacks. The role gets what Lambda needs for the network interfaces.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
   * @default - the function runs outside of a VPC
   */
  readonly vpc?: ec2.IVpc;

  /**
   * The subnets to run the function in. Needs `vpc`.
   *
   * @default - as for a `lambda.Function`: the private subnets
   */
  readonly vpcSubnets?: ec2.SubnetSelection;

  /**
   * The security groups of the function. Needs `vpc`.
   *
   * They must let HTTPS out.
   *
   * @default - a security group of its own
   */
  readonly securityGroups?: ec2.ISecurityGroup[];

  /**
   * The key that encrypts the environment variables of the function; it has none of its own.
   *
   * @default - a key that Lambda owns
   */
  readonly environmentEncryption?: kms.IKey;

  /**
   * How many secrets are worked on at a time. The rest waits, and Lambda tries again for up to six hours.
   *
   * CloudFormation waits for 35 minutes, so a small number lets deployments of many secrets fail.
   *
   * Throws for less than 1, with which no request is ever answered.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
   * @default - what the account has left
   */
  readonly reservedConcurrentExecutions?: number;

  /**
   * Takes requests that Lambda could not deliver.
   *
   * A request holds the properties of the secret, and with that a declared value, and the address of the answer: treat
   * the queue like a secret. The role may send to it.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
   * @default - none
   */
  readonly deadLetterQueue?: sqs.IQueue;
}

/**
 * The custom resource provider of recoverable secrets: a Lambda function, its role and its log group.
 *
 * Every stack with a recoverable secret gets one of its own; `getOrCreate()` gives it settings. One that is made with
 * `new` can be shared: put it into a stack of its own that is deployed first and destroyed last, and pass it as
 * `provider`. Without the function, CloudFormation can neither change nor delete the secrets.
 *
 * Its role may change and delete only secrets that carry an ownership tag of the stack it serves, or, when it is
 * shared, of any stack of the account and region or of its `owners`; IAM refuses everything else. It can neither read a
 * value nor list secrets. `docs/security.md` in the repository of this library goes through it statement by statement.
 *
 * @example
 * const shared = new SecretRecoveryProvider(new Stack(app, 'SecretRecovery'), 'Provider');
 *
 * new RecoverableSecret(this, 'Shared', { provider: shared });
 */
@propertyInjectable
export class SecretRecoveryProvider extends Construct implements ISecretRecoveryProvider {
  /**
   * Under which a property injector finds this class, for settings of every provider of an app, a stage or a stack.
   */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-recoverable-secret.SecretRecoveryProvider';

  /**
   * The provider of the stack that `scope` is in; created when there is none.
   *
   * It serves this stack only. Give it settings before the stack has its first recoverable secret.
   *
   * Throws when there are settings and it exists already, and when something else has the construct id
   * `SecretRecoveryProvider` in that stack.
   *
   * @param scope Any construct of the stack
   * @param props Settings, without `owners`: they are those of the stack
   */
  public static getOrCreate(scope: IConstruct, props?: SecretRecoveryProviderProps): SecretRecoveryProvider {
    const stack = Stack.of(scope);
    const existing = stack.node.tryFindChild(OF_STACK);
    if (!existing) return new SecretRecoveryProvider(stack, OF_STACK, props);
    if (!('serviceToken' in existing)) {
      throw error(existing, `the id '${OF_STACK}' must stay free in a stack with recoverable secrets`);
    }
    if (props !== undefined) {
      throw error(
        existing,
        'the provider of a stack must get its settings before the first recoverable secret of the stack, and once, got: ' +
          `${Object.keys(props).join(', ') || 'an empty object'} for one that exists`,
      );
    }
    return existing as SecretRecoveryProvider;
  }

  /**
   * A shared provider that another app has deployed into this account and region.
   *
   * Its role is what that app made it. Throws for what is not the ARN of a function, and for owners that a provider
   * cannot have. A secret of another owner is refused at synthesis.
   *
   * @param scope Where to add it
   * @param id Its construct id
   * @param serviceToken The ARN of its function, as `serviceToken` gives it
   * @param owners The `owners` that it was made with, if the check shall be made here and not by IAM alone
   */
  public static fromServiceToken(
    scope: Construct,
    id: string,
    serviceToken: string,
    owners?: string[],
  ): ISecretRecoveryProvider {
    return new ImportedProvider(scope, id, serviceToken, owners);
  }

  /**
   * The ARN of the function, as custom resources name it.
   */
  public readonly serviceToken: string;

  /**
   * The function.
   */
  public readonly handler: lambda.Function;

  /**
   * The role of the function.
   */
  public readonly role: iam.IRole;

  /** The only stack that this provider serves; undefined for one that was made to be shared. */
  private readonly serves: Stack | undefined;
  private readonly owners?: string[];
  private readonly policy: RolePolicy;

  constructor(scope: Construct, id: string, props: SecretRecoveryProviderProps = {}) {
    super(scope, id);
    this.serves = id === OF_STACK && scope === Stack.of(this) ? Stack.of(this) : undefined;
    this.owners = props.owners;
    assertOwners(this.owners, this);
    assertConcurrency(props.reservedConcurrentExecutions, this);
    if (this.serves && this.owners) {
      throw error(this, 'owners must not be given for the provider of one stack, which serves that stack only');
    }

    const logGroup =
      props.logGroup ??
      new logs.LogGroup(this, 'LogGroup', {
        retention: logs.RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      });
    const { owners, serves } = this;
    this.policy = new RolePolicy(this, {
      serves,
      owners,
      logGroup,
      inVpc: props.vpc !== undefined,
      deadLetterQueue: props.deadLetterQueue,
    });
    this.role = props.role ?? this.makeRole();
    const attached = props.role && this.attachPolicy(props.role);
    this.policy.acknowledgeWildcards(attached ?? this.role);
    acknowledgeInlinePolicy(
      this,
      'It comes before the first secret and goes after the last one, and nothing shares it.',
    );
    this.handler = this.makeFunction(props, logGroup);
    if (attached) this.handler.node.addDependency(attached);
    this.serviceToken = this.handler.functionArn;
    this.node.addValidation({ validate: () => this.policy.errors() });
    this.reportPolicy();
    if (props.vpc) this.warnOfEndpoints(props.vpc, props.vpcSubnets);
  }

  private makeRole(): iam.IRole {
    // Inline, so that the permissions come before the first secret and leave after the last one.
    return new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Schedules, restores and reconciles the secrets of its owners',
      inlinePolicies: { SecretRecovery: this.policy.document },
    });
  }

  private attachPolicy(role: iam.IRole): iam.Policy {
    const policy = new iam.Policy(this, 'Policy', { document: this.policy.document });
    role.attachInlinePolicy(policy);
    const visit = () => {
      if (renderedResource(policy.node.defaultChild as iam.CfnPolicy).Type !== undefined) return;
      // At a part of this, so that one can acknowledge it at this: the CDK looks above a warning, not at it.
      Annotations.of(policy).addWarningV2(
        'cdk-recoverable-secret:rolePolicyNeeded',
        `the policy of role '${pathOf(role)}' cannot be changed from this app: it must allow what docs/security.md lists, ` +
          `which is ${this.policy.actions().join(', ')}`,
      );
    };
    Aspects.of(this).add({ visit: (node) => node === this && visit() }, { priority: AspectPriority.READONLY });
    return policy;
  }

  private makeFunction(props: SecretRecoveryProviderProps, logGroup: logs.ILogGroup): lambda.Function {
    const { vpc, vpcSubnets, securityGroups, environmentEncryption } = props;
    const { reservedConcurrentExecutions, deadLetterQueue } = props;
    try {
      const handler = new lambda.Function(this, 'Function', {
        description: 'Restores a secret on create, schedules its deletion on delete',
        code: lambda.Code.fromAsset(path.join(__dirname, '..', 'assets', 'handler', 'main')),
        handler: 'index.handler',
        runtime: lambda.Runtime.NODEJS_LATEST,
        memorySize: 256,
        timeout: Duration.minutes(10),
        role: this.role,
        logGroup,
        vpc,
        vpcSubnets,
        securityGroups,
        environmentEncryption,
        reservedConcurrentExecutions,
      });
      // Not as a prop, which gives the role a second policy.
      const targetArn = deadLetterQueue?.queueArn;
      (handler.node.defaultChild as lambda.CfnFunction).deadLetterConfig = targetArn ? { targetArn } : undefined;
      return handler;
    } catch (cause) {
      const { message } = cause as Error;
      if (!/\bassets?\b/i.test(message)) throw cause;
      throw error(
        this,
        'the code of the function is an asset, and this stack can have none: give its secrets a provider of another ' +
          `stack or app, got: ${message}`,
      );
    }
  }

  private warnOfEndpoints(vpc: ec2.IVpc, subnets?: ec2.SubnetSelection): void {
    const visit = () => {
      const missing = missingEndpoints(vpc, subnets);
      if (missing.length === 0) return;
      Annotations.of(this.handler).addWarningV2(
        'cdk-recoverable-secret:vpcEndpointsNeeded',
        `the function is in isolated subnets, from where it reaches AWS through endpoints of vpc '${pathOf(vpc)}' only, ` +
          `and there is none for ${missing.join(', ')}`,
      );
    };
    Aspects.of(this).add({ visit: (node) => node === this && visit() }, { priority: AspectPriority.READONLY });
  }

  /** `Role.customizeRoles()` writes down what it is told, and has seen an empty policy so far. */
  private reportPolicy(): void {
    if (this.node.tryGetContext(CUSTOMIZE_ROLES) === undefined) return;
    let reported = false;
    this.node.addValidation({
      validate: () => {
        if (!reported) for (const statement of this.policy.report()) this.role.addToPrincipalPolicy(statement);
        reported = true;
        return [];
      },
    });
  }

  /**
   * Throws when the secret cannot be served.
   *
   * @internal
   */
  public _assertServes(secret: CfnSecret, owner: string | undefined): void {
    const [there, here] = [Stack.of(this), Stack.of(secret)];
    if (there.environment !== here.environment) {
      const isKnown = !Token.isUnresolved(here.account) && !Token.isUnresolved(here.region);
      throw error(
        secret,
        `provider must be in the account and region of the secret (${here.environment}), got: '${this.node.path}' in ` +
          there.environment +
          (isKnown ? '' : '; where only the deployment knows them, name it by fromServiceToken()'),
      );
    }
    assertServed(owner ?? synthesizedStackName(secret), this.owners, secret);
    if (this.serves && this.serves !== here) {
      throw error(
        secret,
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
    this.policy.allow(secret);
    if (secret.purgeProtection) secret.secret.node.addDependency(this.protectionPolicy());
  }

  /** By itself, so that it is there until the last secret that needs it has changed or gone. */
  private protectionPolicy(): iam.CfnPolicy {
    const existing = this.node.tryFindChild(PROTECTION) as iam.Policy | undefined;
    const policy = existing ?? new iam.Policy(this, PROTECTION, { statements: this.policy.protection() });
    if (!existing) {
      this.role.attachInlinePolicy(policy);
      this.policy.acknowledgeSecrets(policy);
    }
    return policy.node.defaultChild as iam.CfnPolicy;
  }
}

/** Lambda takes 0 for a function that shall not run. */
function assertConcurrency(executions: number | undefined, scope: IConstruct): void {
  if (executions === undefined || Token.isUnresolved(executions) || executions >= 1) return;
  throw error(scope, `reservedConcurrentExecutions must be at least 1, or no request is answered, got: ${executions}`);
}

/** The context of `Role.customizeRoles()`; the CDK does not export its key. */
const CUSTOMIZE_ROLES = '@aws-cdk/iam:customizeRoles';

/** Id of the policy for `purgeProtection`. */
const PROTECTION = 'PurgeProtection';

/** Id of the provider that a stack has for itself. */
const OF_STACK = 'SecretRecoveryProvider';
