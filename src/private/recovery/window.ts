import type { Duration } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { RECOVERY_WINDOW } from '../contract';
import { error } from '../error';

/** The recovery window in days; throws unless it is a whole number of days that Secrets Manager accepts. */
export function recoveryWindowInDays(window: Duration | undefined, scope: IConstruct): number {
  if (window === undefined) return RECOVERY_WINDOW.default;
  if (window.isUnresolved()) {
    throw error(
      scope,
      `recoveryWindow must be known at synthesis, got a token: a window that only the ` +
        'deployment knows could not be checked before secrets are scheduled with it',
    );
  }
  const days = window.toDays({ integral: false });
  if (!Number.isInteger(days) || days < RECOVERY_WINDOW.min || days > RECOVERY_WINDOW.max) {
    const inDays = window.unitLabel() === 'days' ? '' : ` (${days} days)`;
    throw error(
      scope,
      `recoveryWindow must be a whole number of days from ${RECOVERY_WINDOW.min} to ` +
        `${RECOVERY_WINDOW.max}, got: ${window.toString()}${inDays}`,
    );
  }
  return days;
}
