import { setTimeout as sleep } from 'node:timers/promises';
import { RECOVERY_WINDOW } from '../../private/contract';
import { lookAt, remove, restore } from '../aws/secrets';
import { CommandError } from '../errors';
import { EXIT_CODE, type ExitCode } from '../exit-code';
import { endText } from '../output/dates';
import { daysUntil, type SecretSummary } from '../scheduled-secret';
import { forEachSecret, named, type Outcome, type Session } from '../session';
import { foundToChange } from './found';

/** Gives a scheduled secret a new window. Secrets Manager cannot move its date, so it is restored in between. */
export function extendWindow(id: string, days: number, session: Session): Promise<ExitCode> {
  return forEachSecret(named([id]), session, () => extend(id, days, session));
}

async function extend(id: string, days: number, { account, terminal }: Session): Promise<Outcome> {
  const secret = foundToChange(await lookAt(id, account), account);
  const { name, end, scheduled } = secret;
  if (!scheduled) {
    throw new CommandError('not scheduled for deletion, so there is no window to extend', EXIT_CODE.refused);
  }
  if (end && daysUntil(end.date, Date.now()) > days) {
    throw new CommandError(
      `scheduled for deletion ${endText(secret, Date.now())}; --days ${days} would shorten that; nothing was changed`,
      EXIT_CODE.refused,
    );
  }
  terminal.note(`${name}: restoring and scheduling again; in between it is live and can be read`);
  await restore(secret, account);
  const date = await scheduleAgain(secret, days, account);
  const extended = { ...secret, end: date && { date, calculated: false } };
  return { line: `${name}: scheduled for deletion ${endText(extended, Date.now())}`, exitCode: EXIT_CODE.done };
}

async function scheduleAgain(
  secret: SecretSummary,
  days: number,
  account: Session['account'],
): Promise<Date | undefined> {
  // An interrupted command must not leave it live.
  const goOn = () => {};
  process.on('SIGINT', goOn);
  try {
    return await untilSettled(() => remove(secret, days, account));
  } catch (error) {
    const reason = (error as Error).message;
    throw new CommandError(`restored, but NOT scheduled again: ${reason}; ${await stateOf(secret, days, account)}`);
  } finally {
    process.off('SIGINT', goOn);
  }
}

/** What is left behind when the second step has failed. */
async function stateOf(secret: SecretSummary, days: number, account: Session['account']): Promise<string> {
  const now = await lookAt(secret.arn, account).catch(() => secret);
  if (now === undefined) return 'it does not exist any more';
  if (now !== secret && now.scheduled) return `somebody else has scheduled it ${endText(now, Date.now())}`;
  return (
    `${now === secret ? 'it is probably live' : 'it is live'}, can be read, and stays; to schedule it:\n` +
    `  aws secretsmanager delete-secret --region ${account.region} --secret-id ${secret.name} ` +
    `--recovery-window-in-days ${days}`
  );
}

/** Right after a restore another part of the service may still see the secret as scheduled. */
async function untilSettled<T>(attempt: () => Promise<T>): Promise<T> {
  for (const pause of [1_000, 2_000, 4_000, 8_000]) {
    try {
      return await attempt();
    } catch (error) {
      if (!/InvalidRequestException|ResourceNotFoundException/.test((error as Error).message)) throw error;
      await sleep(pause);
    }
  }
  return attempt();
}

/** Days that Secrets Manager accepts. */
export function windowInDays(text: string): number {
  const days = Number(text);
  if (/^\d+$/.test(text) && days >= RECOVERY_WINDOW.min && days <= RECOVERY_WINDOW.max) return days;
  throw new CommandError(
    `--days must be a whole number from ${RECOVERY_WINDOW.min} to ${RECOVERY_WINDOW.max}, got: ${text}`,
  );
}
