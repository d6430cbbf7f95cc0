import {
  DeleteResourcePolicyCommand,
  GetResourcePolicyCommand,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-secrets-manager';
import type { Environment } from '../environment';
import { retryTransient, STATE_LAG, type Transient } from './retry';

/** Undefined when there is none. No policy of a secret that is scheduled for deletion can be seen or changed. */
export async function policyOf(env: Environment, arn: string, transient: Transient): Promise<string | undefined> {
  const command = new GetResourcePolicyCommand({ SecretId: arn });
  const { ResourcePolicy } = await retryTransient(env, 'GetResourcePolicy', transient, () => env.secrets.send(command));
  return ResourcePolicy;
}

export async function putPolicy(env: Environment, arn: string, document: string): Promise<void> {
  const command = new PutResourcePolicyCommand({ SecretId: arn, ResourcePolicy: document });
  await retryTransient(env, 'PutResourcePolicy', STATE_LAG, () => env.secrets.send(command));
}

export async function removePolicy(env: Environment, arn: string): Promise<void> {
  const command = new DeleteResourcePolicyCommand({ SecretId: arn });
  await retryTransient(env, 'DeleteResourcePolicy', STATE_LAG, () => env.secrets.send(command));
}
