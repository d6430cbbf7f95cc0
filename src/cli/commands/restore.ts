import { lookAt, restore } from '../aws/secrets';
import { EXIT_CODE, type ExitCode } from '../exit-code';
import { endText } from '../output/dates';
import { forEachSecret, named, type Outcome, type Session } from '../session';
import { foundToChange } from './found';

/** Takes secrets out of their deletion. */
export function restoreSecrets(ids: readonly string[], session: Session): Promise<ExitCode> {
  return forEachSecret(named(ids), session, ({ name }) => restoreSecret(name, session));
}

async function restoreSecret(id: string, { account }: Session): Promise<Outcome> {
  const secret = foundToChange(await lookAt(id, account), account);
  const { name, owner, scheduled } = secret;
  if (!scheduled) return { line: `${name}: live already, nothing to do`, exitCode: EXIT_CODE.done };
  await restore(secret, account);
  return {
    line:
      `${name}: restored with its value; it was scheduled for deletion ${endText(secret, Date.now())}` +
      (owner ? `; the next deployment of its owner '${owner}' adopts it` : ''),
    exitCode: EXIT_CODE.done,
  };
}
