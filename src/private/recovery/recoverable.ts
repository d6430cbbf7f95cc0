import { CfnSecret, Secret, SecretTargetAttachment } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';

// In the global symbol registry, so that two copies of this library in one app recognise each other's secrets.
const RECOVERABLE = Symbol.for('cdk-recoverable-secret.SecretRecovery');

/** Whether the construct is the CloudFormation resource of a secret that survives its stack. */
export function isRecoverable(construct: IConstruct): construct is CfnSecret {
  return RECOVERABLE in construct;
}

export function markRecoverable(secret: CfnSecret): void {
  Object.defineProperty(secret, RECOVERABLE, { value: true });
}

/** The CloudFormation resource of a secret that this app creates. */
export function cfnSecretOf(construct: IConstruct): CfnSecret | undefined {
  if (construct instanceof CfnSecret) return construct;
  // What databases offer as `secret` is the attachment, below the secret itself.
  const secret = construct instanceof SecretTargetAttachment ? construct.node.scope : construct;
  const child = Secret.isSecret(secret) ? secret.node.defaultChild : undefined;
  return child instanceof CfnSecret ? child : undefined;
}
