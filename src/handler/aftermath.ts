import type { DeclaredSecret } from './model/declared-secret';
import type { Holder } from './model/ownership';

/*
 * The second part of a failed request's text: what has become of the secret, and what to do. Each has a row in
 * docs/operating.md.
 */

export function leftBehind({ name }: DeclaredSecret): string {
  return `secret '${name}' could not be put back as it was found, the rollback tries again`;
}

export function afterCreate({ name }: DeclaredSecret): string {
  return (
    `secret '${name}' has the state, owner and value that it was found with, and one that was new is scheduled for ` +
    'deletion; deploy again when the cause is removed'
  );
}

export function afterUpdate({ name }: DeclaredSecret): string {
  return `secret '${name}' goes back to what it was with the rollback; deploy again when the cause is removed`;
}

export function afterRollback({ name }: DeclaredSecret): string {
  return (
    `secret '${name}' may not be as it was yet; continue the rollback when the cause is removed, with aws cloudformation ` +
    'continue-update-rollback'
  );
}

export function afterDelete({ name }: DeclaredSecret): string {
  return `secret '${name}' is not deleted; delete the stack again when the cause is removed`;
}

/** What was to be done with a secret that its resource lets go of. */
export interface LettingGo {
  readonly arn: string;
  /** The version that is current in the end, where another value has taken its place. */
  readonly current?: string;
  readonly giveBackTo?: Holder;
  readonly schedule: boolean;
}

/** CloudFormation does not try again, and a stack that is to stay must not be deleted for that. */
export function afterCleanUp({ name, recoveryWindowInDays }: DeclaredSecret, toDo?: LettingGo): string {
  if (!toDo) {
    return `secret '${name}' stays as it is and has left the stack; when the cause is removed, see by its tags whose it is`;
  }
  const { arn, current, giveBackTo, schedule } = toDo;
  const scheduled = `aws secretsmanager delete-secret --secret-id ${arn} --recovery-window-in-days ${recoveryWindowInDays}`;
  const steps = [
    current && `see that AWSCURRENT is on its version ${current}`,
    giveBackTo && giveBackText(giveBackTo),
    schedule && `schedule it with ${scheduled}`,
  ];
  return (
    `secret '${name}' stays live and has left the stack; when the cause is removed, ` +
    steps.filter(Boolean).join(', and ')
  );
}

function giveBackText({ owner }: Holder): string {
  const tag = owner
    ? `set its tag recoverable-secret:owner to '${owner}'`
    : 'take away its tag recoverable-secret:owner';
  return `give it back: ${tag} and set recoverable-secret:origin to RETURNED`;
}
