import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { StackQueries } from './cloudformation/stacks';

/** Everything outside of the function, so that the lifecycle can be run against anything that behaves like it. */
export interface Environment {
  /** Secrets Manager in the region of the stack. */
  readonly secrets: SecretsManagerClient;
  /** Secrets Manager in the region of a replica. */
  secretsIn(region: string): SecretsManagerClient;
  /** CloudFormation's view of the stack. */
  readonly stacks: StackQueries;
  /** State of a KMS key; undefined when it cannot be seen. */
  keyState(keyId: string): Promise<string | undefined>;
  /** Until when the function may run, in milliseconds from now. */
  remainingMs(): number;
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Writes facts about a request; never a value. */
  log(fields: Readonly<Record<string, string | number | undefined>>): void;
}
