import { Token } from 'aws-cdk-lib';
import { type CfnSecret, Secret, type SecretProps } from 'aws-cdk-lib/aws-secretsmanager';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import type { Construct } from 'constructs';
import { SecretRecovery, type SecretRecoveryProps } from './secret-recovery';

/**
 * A secret, and how it is recovered: the props of `secretsmanager.Secret` and of `SecretRecovery`.
 *
 * Two props of `secretsmanager.Secret` mean something else here. Without `secretName` the secret gets a name that is
 * the same on every deployment, unless the construct or the stack is renamed; CloudFormation generates none.
 * `removalPolicy` `DESTROY`, the default, schedules the deletion with the `recoveryWindow`; `RETAIN` leaves the secret
 * live; `SNAPSHOT` throws.
 */
export interface RecoverableSecretProps extends SecretProps, SecretRecoveryProps {}

/**
 * A secret that survives its stack.
 *
 * Use it in place of `secretsmanager.Secret`, with the same props and methods. When it leaves its stack, or the stack
 * is destroyed, it is scheduled for deletion with a recovery window; when it comes back, the next deployment restores
 * the same secret: same name, same ARN, same value.
 *
 * Without `secretName` it gets a name that is the same on every deployment, unless the construct or the stack is renamed;
 * CloudFormation generates none, whatever the prop's own documentation says.
 *
 * In the template it is a `Custom::RecoverableSecret`, which a Lambda function of the stack serves, see
 * `SecretRecoveryProvider`. A deployed `Secret` cannot become one in place: CloudFormation refuses the change of type,
 * and nothing happens to the secret. `docs/migration.md` in the repository of this library shows the way across.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
 * @example
 * const secret = new RecoverableSecret(this, 'Database', {
 *   secretName: 'prod/database',
 *   recoveryWindow: Duration.days(14),
 * });
 */
@propertyInjectable
export class RecoverableSecret extends Secret {
  /**
   * Under which a property injector finds this class, for defaults of every recoverable secret of an app, a stage or a
   * stack. Injectors for `Secret` apply to it as well.
   */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-recoverable-secret.RecoverableSecret';

  /**
   * How this resource came by its secret: `CREATED`, `RESTORED` or `ADOPTED`.
   *
   * A token, known at deployment, for an output or for a resource that depends on it. Updates do not change it.
   */
  public readonly outcome: string;

  constructor(scope: Construct, id: string, props: RecoverableSecretProps = {}) {
    super(scope, id, props);
    new SecretRecovery(props).applyTo(this);
    this.outcome = Token.asString((this.node.defaultChild as CfnSecret).getAtt('Outcome'));
  }
}
