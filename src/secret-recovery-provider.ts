import * as path from 'node:path';
import { Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct, type IConstruct } from 'constructs';
import { error } from './private/error';
import { RolePolicy, type SecretPermissions } from './private/recovery/role-policy';

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
  private readonly policy: RolePolicy;

  constructor(scope: Construct, id: string, props: SecretRecoveryProviderProps = {}) {
    super(scope, id);
    this.serves = id === OF_STACK && scope === Stack.of(this) ? Stack.of(this) : undefined;

    const logGroup =
      props.logGroup ??
      new logs.LogGroup(this, 'LogGroup', {
        retention: logs.RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      });
    this.policy = new RolePolicy(this, { serves: this.serves, logGroup });
    // Inline, so that the permissions come before the first secret and leave after the last one.
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: 'Schedules, restores and reconciles the secrets of its owners',
      inlinePolicies: { SecretRecovery: this.policy.document },
    });
    this.policy.acknowledgeWildcards(this.role);
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
    this.node.addValidation({ validate: () => this.policy.errors() });
    this.reportPolicy();
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
    this.policy.allow(secret);
  }
}

/** The context of `Role.customizeRoles()`; the CDK does not export its key. */
const CUSTOMIZE_ROLES = '@aws-cdk/iam:customizeRoles';

/** Id of the provider that a stack has for itself. */
const OF_STACK = 'SecretRecoveryProvider';
