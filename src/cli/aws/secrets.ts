import {
  DeleteSecretCommand,
  DescribeSecretCommand,
  paginateListSecrets,
  ResourceNotFoundException,
  RestoreSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { CommandError } from '../errors';
import { type SecretSummary, summaryOf } from '../scheduled-secret';
import type { Account } from './account';
import { type Call, calling } from './explain';

/** The secret by name or ARN; undefined when there is none. */
export async function lookAt(id: string, account: Account): Promise<SecretSummary | undefined> {
  assertSecretId(id, account.region);
  try {
    const described = await account.secrets.send(new DescribeSecretCommand({ SecretId: id }));
    return summaryOf(described, Date.now());
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    return calling(callOf('DescribeSecret', account), () => Promise.reject(error));
  }
}

/**
 * Every secret of the account and region, live or scheduled for deletion. What has changed within the last minutes can
 * be missing (ListSecrets, API reference).
 *
 * @param onPage Is told how many there are so far
 */
export async function listSecrets(account: Account, onPage: (count: number) => void): Promise<SecretSummary[]> {
  const found: SecretSummary[] = [];
  const pages = paginateListSecrets({ client: account.secrets, pageSize: 100 }, { IncludePlannedDeletion: true });
  await calling(callOf('ListSecrets', account), async () => {
    for await (const { SecretList: page = [] } of pages) {
      found.push(...page.map((secret) => summaryOf(secret, Date.now())));
      onPage(found.length);
    }
  });
  return found;
}

/** Takes the secret out of its deletion. */
export async function restore(secret: SecretSummary, account: Account): Promise<void> {
  const command = new RestoreSecretCommand({ SecretId: secret.arn });
  await calling(callOf('RestoreSecret', account), () => account.secrets.send(command));
}

/**
 * Schedules the deletion; without a window the secret is gone for good.
 *
 * @returns The end of the window
 */
export async function remove(
  { arn }: SecretSummary,
  windowInDays: number | undefined,
  account: Account,
): Promise<Date | undefined> {
  const how =
    windowInDays === undefined ? { ForceDeleteWithoutRecovery: true } : { RecoveryWindowInDays: windowInDays };
  const command = new DeleteSecretCommand({ SecretId: arn, ...how });
  return (await calling(callOf('DeleteSecret', account), () => account.secrets.send(command))).DeletionDate;
}

function callOf(operation: string, { where }: Account): Call {
  return { action: `secretsmanager:${operation}`, where };
}

/** A name that AWS would refuse, and an ARN of somewhere else, are told before anything is asked. */
function assertSecretId(id: string, region: string): void {
  const [, elsewhere] = /^arn:[^:]+:secretsmanager:([^:]+):\d+:secret:.+$/.exec(id) ?? [];
  if (elsewhere === undefined && !/^[A-Za-z0-9/_+=.@!-]{1,512}$/.test(id)) {
    throw new CommandError('neither the name of a secret nor its ARN');
  }
  if (elsewhere !== undefined && elsewhere !== region) {
    throw new CommandError(`in ${elsewhere}, and this command looks in ${region}: use --region ${elsewhere}`);
  }
}
