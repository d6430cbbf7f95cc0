import { AspectPriority, Aspects, type Duration, Lazy, Mixin, Resource, Stack, Token } from 'aws-cdk-lib';
import type { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import {
  RECOVERABLE_SECRET_TYPE,
  RECOVERY_WINDOW,
  type RecoverySettings,
  SERVICE_TIMEOUT_SECONDS,
} from './private/contract';
import { error } from './private/error';
import { addSynthesisChecks, assertRemovalPolicy } from './private/recovery/checks';
import { defaultSecretName, secretNameError } from './private/recovery/name';
import { deployedStackName, outermostStack } from './private/recovery/outermost-stack';
import { assertOwner } from './private/recovery/owners';
import { protectFromPurge } from './private/recovery/purge-protection';
import { cfnSecretOf, isRecoverable, markRecoverable } from './private/recovery/recoverable';
import { serviceTokenIn } from './private/recovery/service-token';
import { servingOf } from './private/recovery/serving';
import { addSynthesisWarnings } from './private/recovery/warnings';
import { recoveryWindowInDays } from './private/recovery/window';
import { type ISecretRecoveryProvider, SecretRecoveryProvider } from './secret-recovery-provider';

/**
 * What a deployment does with a secret of the wanted name that is scheduled for deletion.
 *
 * A secret that is not restored stays as it is, and the deployment fails with a message that says why.
 */
export enum RestorePolicy {
  /**
   * Restore it when its ownership tag names the same owner, and fail otherwise.
   */
  IF_OWNED = 'IF_OWNED',

  /**
   * Restore it, whoever it belonged to, and own it from then on.
   *
   * For a secret that was made, and scheduled for deletion, outside of this library, and for the one deployment that
   * takes it: afterwards the default does. The role of the provider gets permission for exactly this secret name. What a
   * person has scheduled while another stack has it is taken from that stack only with `ExistingSecretPolicy.ADOPT`.
   */
  ALWAYS = 'ALWAYS',

  /**
   * Fail, and leave it scheduled.
   */
  NEVER = 'NEVER',
}

/**
 * What a deployment does with a live secret of the wanted name that this resource did not create.
 *
 * A secret that is not taken over stays as it is, and the deployment fails with a message that says why. That is so in
 * any case for a replica, for a secret that an AWS service manages, and for one that a resource of type
 * `AWS::SecretsManager::Secret` still holds.
 */
export enum ExistingSecretPolicy {
  /**
   * Take it over when its ownership tag names the same owner, as after `RemovalPolicy.RETAIN`, and fail otherwise.
   */
  ADOPT_IF_OWNED = 'ADOPT_IF_OWNED',

  /**
   * Take it over, whoever it belongs to, and own it from then on.
   *
   * For a secret that moves here from another stack, from a plain `Secret` or from another tool, and for the one
   * deployment that takes it: afterwards the default does. The role of the provider gets permission for exactly this
   * secret name.
   */
  ADOPT = 'ADOPT',

  /**
   * Fail, and leave it as it is.
   */
  FAIL = 'FAIL',
}

/**
 * What becomes of a generated value when there is a reason to generate another one.
 *
 * A declared value (`secretObjectValue`, `secretStringValue`) is written in any case: the template states it.
 */
export enum GeneratedValue {
  /**
   * Keep the value that the secret has.
   */
  KEEP = 'KEEP',

  /**
   * Generate a new one. The old value stays available under the staging label `AWSPREVIOUS`.
   */
  REGENERATE = 'REGENERATE',
}

/**
 * How a secret is deleted with its stack, and how the next deployment gets it back.
 */
export interface SecretRecoveryProps {
  /**
   * How long the secret can be restored after it was removed: a whole number of days from 7 to 30.
   *
   * During the window the secret keeps its name, its ARN and its value, and nobody can read it. AWS does not charge
   * for a secret that is scheduled for deletion. A change applies to the next deletion.
   *
   * Throws at synthesis for anything else, for a token, and together with `forceDeleteWithoutRecovery`.
   *
   * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
   * @default Duration.days(30)
   */
  readonly recoveryWindow?: Duration;

  /**
   * Delete the secret at once and for good, as CloudFormation does with `AWS::SecretsManager::Secret`.
   *
   * Nothing can restore it afterwards. What counts is the template that was deployed last before the secret is removed.
   * A deployment that is rolled back never does this: it schedules the secret, and so does one to which a policy denies it.
   * Throws together with `recoveryWindow` and `purgeProtection`.
   *
   * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
   * @default false
   */
  readonly forceDeleteWithoutRecovery?: boolean;

  /**
   * Let nobody delete the secret without recovery, be it live or scheduled for deletion.
   *
   * The resource policy of the secret denies that to everybody. Whoever means it restores the secret, takes the policy off,
   * and deletes it. A policy that the template has for the secret (`addToResourcePolicy()`, a rotation) gets the statement
   * as well; where somebody else has put one there, the deployment fails and leaves it alone. Taking the prop away takes
   * the denial off, in a stack that has had it.
   *
   * Throws together with `forceDeleteWithoutRecovery`, and at synthesis for a policy whose statements only the deployment
   * knows.
   *
   * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_resource-policies.html
   * @default false
   */
  readonly purgeProtection?: boolean;

  /**
   * What to do when a secret of this name is scheduled for deletion.
   *
   * A restored secret is brought to what the template says: tags, description, key, replicas, and a declared value.
   * Where its KMS key is disabled or being deleted, the deployment fails and the secret stays scheduled.
   *
   * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html
   * @default RestorePolicy.IF_OWNED
   */
  readonly restorePolicy?: RestorePolicy;

  /**
   * What to do when a live secret of this name exists that this resource did not create.
   *
   * An adopted secret is brought to what the template says: a description, a key or a replica that is not declared is
   * taken away. Tags that are not declared stay.
   *
   * @default ExistingSecretPolicy.ADOPT_IF_OWNED
   */
  readonly existingSecretPolicy?: ExistingSecretPolicy;

  /**
   * Whether a restored or adopted secret keeps a generated value.
   *
   * An empty secret gets one in any case. A declared value (`secretObjectValue`, `secretStringValue`) is always
   * written, and the value before is then under the staging label `AWSPREVIOUS`.
   *
   * @default GeneratedValue.KEEP
   */
  readonly restoredValue?: GeneratedValue;

  /**
   * Whether an update that changes how the value is generated keeps the value: another `secretStringTemplate`, another
   * length, other characters.
   *
   * CloudFormation generates a new one then, and so whoever has the old one, such as a database, is locked out. With
   * `KEEP` the change is a success that leaves the value alone, and applies to a value that is generated later. An empty
   * secret gets one in any case, and a declared value is always written.
   *
   * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html
   * @default GeneratedValue.REGENERATE
   */
  readonly updatedValue?: GeneratedValue;

  /**
   * Who the secret belongs to: the value of its tag `recoverable-secret:owner`, 1 to 256 characters.
   *
   * Only the same owner restores it. A stack that is destroyed and deployed again under its name is the same owner.
   * Give several stacks one owner when a secret shall move freely between them.
   *
   * Throws for anything but letters, digits, spaces, at signs and `_ . : / = + -`, and for a token: the permissions of
   * the provider are written with it.
   *
   * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html
   * @default - the name that the stack is deployed under, and for a nested stack that of the outermost one
   */
  readonly owner?: string;

  /**
   * The provider whose function does the work.
   *
   * One that is shared, of this app (`new SecretRecoveryProvider()`) or of another one
   * (`SecretRecoveryProvider.fromServiceToken()`). CloudFormation does not let a deployed resource change its provider.
   *
   * Throws for a provider in another account or region, for the one that another stack made for itself, and for one
   * whose `owners` this secret's owner is not among.
   *
   * @default - one per stack, see `SecretRecoveryProvider.getOrCreate()`
   */
  readonly provider?: ISecretRecoveryProvider;
}

/**
 * Makes secrets recoverable that other constructs create.
 *
 * Apply it to a scope: every `Secret` and `CfnSecret` inside, as of that moment, becomes recoverable, among them
 * those that `rds.DatabaseSecret`, `docdb.DatabaseSecret` or `redshift.DatabaseSecret` make. A secret without a name
 * gets one that is the same on every deployment.
 *
 * A secret that is recoverable already keeps its settings: of several applications the first one counts, and the
 * props of a `RecoverableSecret` come before any of them. Imported secrets belong to somebody else; they are passed
 * over, and `applyTo()` throws for one.
 *
 * On a secret that is deployed as `AWS::SecretsManager::Secret` CloudFormation refuses the change of type, and
 * nothing happens to it. `docs/migration.md` in the repository of this library shows the way across.
 *
 * @see https://docs.aws.amazon.com/cdk/v2/guide/mixins.html
 * @example
 * Mixins.of(app).apply(new SecretRecovery({ recoveryWindow: Duration.days(7) }));
 */
export class SecretRecovery extends Mixin {
  private readonly props: SecretRecoveryProps;

  constructor(props: SecretRecoveryProps = {}) {
    super();
    this.props = props;
  }

  /**
   * Whether the construct is a secret that this app creates: a `Secret` or a `CfnSecret`.
   *
   * @param construct The construct to look at
   */
  public supports(construct: IConstruct): boolean {
    return cfnSecretOf(construct) !== undefined;
  }

  /**
   * Makes the secret recoverable.
   *
   * Throws when the construct is not a secret that this app creates, and when a setting is not possible.
   *
   * @param construct The `Secret` or `CfnSecret`
   */
  public applyTo(construct: IConstruct): void {
    const secret = cfnSecretOf(construct);
    if (!secret) {
      throw error(
        construct,
        `SecretRecovery applies to a Secret or CfnSecret that this app creates, got: ` +
          `${describe(construct)}; apply it where the secret is created`,
      );
    }
    if (isRecoverable(secret)) return;
    makeRecoverable(secret, this.props);
  }
}

function makeRecoverable(secret: CfnSecret, props: SecretRecoveryProps): void {
  assertForceDeletion(props, secret);
  if (props.owner !== undefined) assertOwner(props.owner, secret);
  assertRemovalPolicy(secret);
  assertName(secret);

  const properties = recoveryProperties(props, secret);
  if (props.provider) servingOf(props.provider)?._assertServes(secret, props.owner);

  const provider = props.provider ?? SecretRecoveryProvider.getOrCreate(secret);

  markRecoverable(secret);
  secret.name = nameOf(secret);
  // The logical id stays: on a deployed native secret CloudFormation then refuses the change of type, instead of
  // creating a second secret and force-deleting the first.
  secret.addOverride('Type', RECOVERABLE_SECRET_TYPE);
  const added = {
    ServiceToken: serviceTokenIn(secret, provider.serviceToken),
    ServiceTimeout: SERVICE_TIMEOUT_SECONDS,
    ...properties,
  };
  for (const [name, value] of Object.entries(added)) {
    if (value !== undefined) secret.addPropertyOverride(name, value);
  }

  servingOf(provider)?._allow({
    secret,
    owner: props.owner,
    restoreAny: properties.RestorePolicy === RestorePolicy.ALWAYS,
    adoptAny: properties.ExistingSecretPolicy === ExistingSecretPolicy.ADOPT,
    purgeProtection: props.purgeProtection ?? false,
  });
  passOnStackTags(secret);
  addSynthesisChecks(secret, added);
  addSynthesisWarnings(secret, properties);
}

/** What has its default is undefined, so that it is not in the template. */
function recoveryProperties(props: SecretRecoveryProps, secret: CfnSecret): RecoverySettings {
  const nested = Stack.of(secret) !== outermostStack(secret);
  const unless = <T>(value: T | undefined, usual: T) => (value === usual ? undefined : value);
  return {
    // A nested stack cannot tell the name of the outermost one.
    Owner: props.owner ?? (nested ? deployedStackName(secret) : undefined),
    RecoveryWindowInDays: unless(`${recoveryWindowInDays(props.recoveryWindow, secret)}`, `${RECOVERY_WINDOW.default}`),
    ForceDeleteWithoutRecovery: props.forceDeleteWithoutRecovery ? 'true' : undefined,
    RestorePolicy: unless(props.restorePolicy, RestorePolicy.IF_OWNED),
    ExistingSecretPolicy: unless(props.existingSecretPolicy, ExistingSecretPolicy.ADOPT_IF_OWNED),
    RestoredValue: unless(props.restoredValue, GeneratedValue.KEEP),
    UpdatedValue: unless(props.updatedValue, GeneratedValue.REGENERATE),
    PurgeProtection: props.purgeProtection ? protectFromPurge(secret) : undefined,
  };
}

function assertForceDeletion(props: SecretRecoveryProps, scope: IConstruct): void {
  if (props.forceDeleteWithoutRecovery && props.purgeProtection) {
    throw error(
      scope,
      'purgeProtection must not be given together with forceDeleteWithoutRecovery: it denies everybody to delete the ' +
        'secret without recovery, got: true for both',
    );
  }
  if (props.forceDeleteWithoutRecovery && props.recoveryWindow !== undefined) {
    throw error(
      scope,
      `recoveryWindow cannot be given together with forceDeleteWithoutRecovery: a secret that ` +
        `is deleted without recovery has no window, got: recoveryWindow ${props.recoveryWindow.toString()}`,
    );
  }
}

function assertName(secret: CfnSecret): void {
  if (secret.name === undefined || Token.isUnresolved(secret.name)) return;
  const problem = secretNameError(secret.name);
  if (problem) throw error(secret, problem);
}

/** A user's name, or the default one; `PhysicalName.GENERATE_IF_NEEDED` resolves to nothing unless it is needed. */
function nameOf(secret: CfnSecret): string {
  const given = secret.name;
  if (given !== undefined && !Token.isUnresolved(given)) return given;
  return Lazy.uncachedString({ produce: (context) => context.resolve(given) ?? defaultSecretName(secret) });
}

/** CloudFormation hands the tags of a stack on to a native secret, but not to a custom resource. */
function passOnStackTags(secret: CfnSecret): void {
  const visit = () => {
    const own = secret.tags.tagValues();
    for (const [key, value] of Object.entries(outermostStack(secret).tags.tagValues())) {
      // Also one that was removed from the secret: CloudFormation would not know of that.
      if (!(key in own)) secret.tags.setTag(key, value, Number.MAX_SAFE_INTEGER);
    }
  };
  // After the aspects that tag the stack.
  Aspects.of(secret).add({ visit }, { priority: AspectPriority.DEFAULT + 1 });
}

function describe(construct: IConstruct): string {
  return Resource.isResource(construct) && 'secretArn' in construct ? 'an imported secret' : 'another construct';
}
