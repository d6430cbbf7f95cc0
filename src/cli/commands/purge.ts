import confirm from '@inquirer/confirm';
import { Denied } from '../aws/explain';
import { lookAt, remove } from '../aws/secrets';
import { CommandError } from '../errors';
import { EXIT_CODE, type ExitCode, worst } from '../exit-code';
import type { SecretSummary } from '../scheduled-secret';
import { forEachSecret, named, type Outcome, type Session } from '../session';
import { foundToChange } from './found';
import { findSecrets, secretTable } from './list';

export interface PurgeOptions {
  readonly owner?: string;
  /** Do not ask. */
  readonly yes?: boolean;
}

/** Deletes scheduled secrets for good, as if their windows had ended. */
export async function purge(ids: readonly string[], options: PurgeOptions, session: Session): Promise<ExitCode> {
  const { account, terminal } = session;
  const candidates = new Map<string, SecretSummary>();
  const looked = await forEachSecret(named(ids), session, async ({ name }) => {
    const secret = await lookAt(name, account);
    if (!secret) return goneAlready(name, session);
    assertPurgeable(secret, session);
    candidates.set(secret.arn, secret);
    return undefined;
  });
  for (const secret of await scheduledOf(options.owner, session)) candidates.set(secret.arn, secret);
  if (candidates.size === 0) return looked;
  const secrets = [...candidates.values()];
  terminal.print(secretTable(secrets, session));
  if (!options.yes && !(await isConfirmed(secrets.length, session))) {
    terminal.note('nothing was deleted');
    return worst([looked, EXIT_CODE.error]);
  }
  return worst([looked, await forEachSecret(secrets, session, (secret) => purgeSecret(secret, session))]);
}

async function scheduledOf(owner: string | undefined, session: Session): Promise<SecretSummary[]> {
  if (owner === undefined) return [];
  const secrets = (await findSecrets(session)).filter((secret) => secret.scheduled && secret.owner === owner);
  if (secrets.length === 0) {
    session.terminal.say(`no secret of owner '${owner}' is scheduled for deletion in ${session.account.region}`);
  }
  return secrets;
}

/** Whoever is not asked has to have said so. */
async function isConfirmed(count: number, { terminal }: Session): Promise<boolean> {
  if (!terminal.interactive) {
    throw new CommandError('nothing was deleted: nobody can be asked here, so purge needs --yes');
  }
  const message = `Delete ${count === 1 ? 'this secret' : `these ${count} secrets`} for good? Nothing restores a value.`;
  // Ctrl-C is a no.
  return confirm({ message, default: false }).catch(() => false);
}

/** Looks once more: somebody may have restored the secret while the question was open. */
async function purgeSecret(seen: SecretSummary, session: Session): Promise<Outcome> {
  const secret = await lookAt(seen.arn, session.account);
  if (!secret) return goneAlready(seen.name, session);
  assertPurgeable(secret, session);
  try {
    await remove(secret, undefined, session.account);
  } catch (error) {
    if (!(error instanceof Denied) || !error.explicitly) throw error;
    throw new CommandError(`protected, ${error.message}; it stays scheduled`, EXIT_CODE.refused);
  }
  return { line: `${secret.name}: deleted for good`, exitCode: EXIT_CODE.done };
}

function goneAlready(name: string, { account }: Session): Outcome {
  return { line: `${name}: not found in ${account.region}, nothing to delete`, exitCode: EXIT_CODE.done };
}

function assertPurgeable(secret: SecretSummary, { account }: Session): void {
  const { scheduled, managedBy, purgeProtected } = foundToChange(secret, account);
  if (managedBy) {
    throw new CommandError(`protected, ${managedBy} manages it; nothing was deleted`, EXIT_CODE.refused);
  }
  // Nobody knows whether AWS looks at the policy of a scheduled secret, so this does not rely on it.
  if (purgeProtected) {
    throw new CommandError(
      'protected by purgeProtection; whoever means it restores it, runs `aws secretsmanager delete-resource-policy` and ' +
        'then `delete-secret`; nothing was deleted',
      EXIT_CODE.refused,
    );
  }
  if (!scheduled) {
    throw new CommandError(
      'not scheduled for deletion, so it is left alone; destroy its stack first, or schedule it',
      EXIT_CODE.refused,
    );
  }
}
