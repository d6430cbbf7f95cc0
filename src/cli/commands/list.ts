import { listSecrets } from '../aws/secrets';
import { EXIT_CODE, type ExitCode } from '../exit-code';
import { dayText, leftText } from '../output/dates';
import { table } from '../output/table';
import { daysUntil, type SecretSummary } from '../scheduled-secret';
import type { Session } from '../session';

export interface ListOptions {
  /** Live secrets as well. */
  readonly all?: boolean;
  readonly owner?: string;
  readonly prefix?: string;
  readonly json?: boolean;
}

/** Shows the secrets that are scheduled for deletion, soonest first. */
export async function list(options: ListOptions, session: Session): Promise<ExitCode> {
  const { account, terminal } = session;
  const secrets = (await findSecrets(session))
    .filter(({ scheduled }) => scheduled || options.all)
    .filter(({ owner }) => options.owner === undefined || owner === options.owner)
    .filter(({ name }) => name.startsWith(options.prefix ?? ''));
  if (options.json) terminal.print(JSON.stringify(secrets.map(asJson), undefined, 2));
  else if (secrets.length > 0) terminal.print(secretTable(secrets, session));
  else terminal.say(`no such secret${options.all ? '' : ' is scheduled for deletion'} in ${account.region}`);
  return EXIT_CODE.done;
}

/** All secrets of the account and region: those scheduled for deletion first, the soonest at the top. */
export async function findSecrets({ account, terminal }: Session): Promise<SecretSummary[]> {
  const secrets = await listSecrets(account, (count) => terminal.progress(`${count} secrets`));
  return secrets.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

function rank({ scheduled, end }: SecretSummary): number {
  if (!scheduled) return Infinity;
  return end?.date.getTime() ?? Number.MAX_SAFE_INTEGER;
}

export function secretTable(secrets: readonly SecretSummary[], { terminal }: Session): string {
  const rows = secrets.map((secret) => [
    secret.name,
    ...columnsOfEnd(secret),
    secret.lastAccessed ? dayText(secret.lastAccessed) : '-',
    holderText(secret),
  ]);
  return table(['SECRET', 'UNTIL', 'LEFT', 'LAST USED', 'OWNER, HELD BY'], rows, terminal);
}

function columnsOfEnd({ scheduled, end }: SecretSummary): [string, string] {
  if (!scheduled) return ['live', '-'];
  if (!end) return ['unknown', '-'];
  return [`${end.calculated ? '~' : ''}${dayText(end.date)}`, leftText(end.date, Date.now())];
}

function holderText({ owner, stackId, logicalId }: SecretSummary): string {
  if (owner === undefined && stackId === undefined) return '-';
  const stack = stackId?.split('/')[1];
  return [...new Set([owner, stack, logicalId])].filter((part) => part !== undefined).join(' ');
}

function asJson({ name, arn, owner, stackId, logicalId, scheduled, end, lastAccessed, purgeProtected }: SecretSummary) {
  return {
    name,
    arn,
    owner: owner ?? null,
    stackId: stackId ?? null,
    logicalId: logicalId ?? null,
    scheduled,
    deletionDate: end?.date.toISOString() ?? null,
    deletionDateCalculated: end?.calculated ?? false,
    daysLeft: end ? daysUntil(end.date, Date.now()) : null,
    lastAccessedDate: lastAccessed ? dayText(lastAccessed) : null,
    purgeProtected,
  };
}
