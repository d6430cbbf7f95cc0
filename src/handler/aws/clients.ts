import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { KMSClient } from '@aws-sdk/client-kms';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { USER_AGENT_APP_ID } from '../../private/contract';
import { Stacks } from '../cloudformation/stacks';
import type { Environment } from '../environment';
import { keyState } from './keys';

/** Throttling is the rule when hundreds of secrets change at once; a call that hangs must end in time. */
const CONFIG = {
  retryMode: 'adaptive',
  maxAttempts: 10,
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 15_000 },
  userAgentAppId: USER_AGENT_APP_ID,
};

// Outside of the invocation, so that the next one finds the connections open.
const secrets = new SecretsManagerClient(CONFIG);
const stacks = new Stacks(new CloudFormationClient(CONFIG));

/** What the runtime of the function gives it. */
export function awsEnvironment(remainingMs: () => number, log: Environment['log']): Environment {
  return {
    secrets,
    // Only looked at; a region that does not exist must not take minutes to say so.
    secretsIn: (region) => new SecretsManagerClient({ ...CONFIG, maxAttempts: 3, region }),
    stacks,
    keyState: (keyId) => keyState(keyId, new KMSClient(CONFIG)),
    remainingMs,
    now: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    log,
  };
}
