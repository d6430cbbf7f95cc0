import type { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';

/** What a provider must be able to do for one secret. */
export interface SecretPermissions {
  readonly secret: CfnSecret;
  /** Undefined for the name that its outermost stack is deployed under. */
  readonly owner?: string;
  readonly restoreAny: boolean;
  readonly adoptAny: boolean;
  /** Whether the function sees to the secret's resource policy. */
  readonly purgeProtection: boolean;
}

/** What the providers of this library do beside having a service token. */
export interface Serving {
  /** Throws when the provider cannot serve the secret. */
  _assertServes(secret: CfnSecret, owner: string | undefined): void;
  /** Sees to the permissions of one secret. */
  _allow(secret: SecretPermissions): void;
}

/** Undefined for a provider that somebody else has implemented. */
export function servingOf(provider: IConstruct): Serving | undefined {
  return '_assertServes' in provider ? (provider as unknown as Serving) : undefined;
}
