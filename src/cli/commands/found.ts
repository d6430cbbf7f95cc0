import type { Account } from '../aws/account';
import { CommandError } from '../errors';
import type { SecretSummary } from '../scheduled-secret';

/** The secret, if it is there and can be changed there; throws otherwise. */
export function foundToChange(secret: SecretSummary | undefined, { region }: Account): SecretSummary {
  if (!secret) {
    throw new CommandError(`not found in ${region}; if it is in another region or account, use --region or --profile`);
  }
  if (secret.replicaOf) {
    throw new CommandError(
      `a replica of the secret in ${secret.replicaOf}, which is where it is changed: use --region ${secret.replicaOf}`,
    );
  }
  return secret;
}
