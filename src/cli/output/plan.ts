import type { Action, Planned } from '../plan/planned';
import { daysUntil, endOfWindow } from '../scheduled-secret';
import { dayText } from './dates';
import { table } from './table';
import type { Colors, Terminal } from './terminal';

/** For people: each stack with its secrets, and how many there are of each kind. */
export function planText(planned: readonly Planned[], terminal: Terminal): string {
  if (planned.length === 0) return 'there is no recoverable secret';
  const stacks = [...new Set(planned.map(titleOf))].map((title) => {
    const rows = planned.filter((secret) => titleOf(secret) === title).map((secret) => row(secret, terminal.colors));
    return `${terminal.colors.bold(title)}\n${table([], rows, terminal)}\n`;
  });
  return `${stacks.join('\n')}\n${summary(planned)}`;
}

function titleOf({ stack, region }: Planned): string {
  return `${stack} (${region})`;
}

function row(planned: Planned, colors: Colors): [string, string] {
  const { action, name, path, reason, advice, open } = planned;
  const title = `${colors.bold(name || '-')} ${colors.dim(path)}`;
  const depends = open.length > 0 ? `depends on the deployment: ${open.join(', ')}` : undefined;
  // Most secrets of most deployments; one line is enough for them.
  const isUnchanged = action === 'NOTHING' && planned.secret !== undefined && !planned.secret.deletedDate;
  const lines = [title, isUnchanged ? undefined : reason, advice, depends];
  return [colored(action, colors), lines.filter((line) => line !== undefined).join('\n')];
}

function colored(action: Action, { green, yellow, red, dim }: Colors): string {
  const paint = { CREATE: green, RESTORE: green, ADOPT: yellow, UPDATE: yellow, REPLACE: yellow, SCHEDULE: yellow };
  if (action === 'REFUSE' || action === 'FORCE' || action === 'UNKNOWN') return red(action);
  return action in paint ? paint[action as keyof typeof paint](action) : dim(action);
}

function summary(planned: readonly Planned[]): string {
  const counts = new Map<Action, number>();
  for (const { action } of planned) counts.set(action, (counts.get(action) ?? 0) + 1);
  const secrets = planned.length === 1 ? '1 secret' : `${planned.length} secrets`;
  return `${secrets}: ${[...counts].map(([action, count]) => `${count} ${action}`).join(', ')}`;
}

/** For programs. */
export function planJson(planned: readonly Planned[]): string {
  return JSON.stringify(planned.map(asJson), undefined, 2);
}

function asJson({ secret, deletionDate, changes, ...planned }: Planned) {
  const now = Date.now();
  const end = deletionDate ?? (secret?.deletedDate && endOfWindow(secret.deletedDate, secret.tags, now)?.date);
  return {
    stack: planned.stack,
    region: planned.region,
    path: planned.path,
    logicalId: planned.logicalId,
    name: planned.name,
    arn: secret?.arn ?? null,
    action: planned.action,
    reason: planned.reason,
    advice: planned.advice ?? null,
    changes: changes.map(({ what }) => what),
    open: planned.open,
    owner: secret?.ownership.owner ?? null,
    deletionDate: end?.toISOString() ?? null,
    daysLeft: end ? daysUntil(end, now) : null,
    lastAccessedDate: secret?.lastAccessedDate ? dayText(secret.lastAccessedDate) : null,
  };
}
