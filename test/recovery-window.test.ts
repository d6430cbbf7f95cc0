import { App, Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { RecoverableSecret, type SecretRecoveryProps } from '../src';
import { declaredSecret } from '../src/handler/cloudformation/request';
import type { DeclaredSecret } from '../src/handler/model/declared-secret';
import { RECOVERY_WINDOW } from '../src/private/contract';
import { recoveryWindowInDays } from '../src/private/recovery/window';

const scope = new Stack(new App(), 'Shop');
const windowOf = (window?: Duration) => recoveryWindowInDays(window, scope);

/** What the function reads of a secret with these settings; throws what the construct throws. */
function recoverable(props: SecretRecoveryProps): DeclaredSecret {
  const stack = new Stack(new App(), 'Shop');
  new RecoverableSecret(stack, 'Secret', props);
  const [secret] = Object.values(Template.fromStack(stack).findResources('Custom::RecoverableSecret'));
  return declaredSecret(secret.Properties, '');
}

describe('a recovery window', () => {
  test('is 30 days when none is given', () => {
    expect(windowOf()).toBe(30);
    expect(recoverable({})).toMatchObject({ recoveryWindowInDays: 30, forceDeleteWithoutRecovery: false });
  });

  test('is one of 7 to 30 days, in any unit', () => {
    for (let days = RECOVERY_WINDOW.min; days <= RECOVERY_WINDOW.max; days++) {
      const units = [
        Duration.days(days),
        Duration.hours(days * 24),
        Duration.minutes(days * 24 * 60),
        Duration.seconds(days * 24 * 60 * 60),
        Duration.millis(days * 24 * 60 * 60 * 1000),
        Duration.parse(`P${days}D`),
        Duration.days(1).plus(Duration.hours((days - 1) * 24)),
      ];
      expect(units.map(windowOf)).toEqual(units.map(() => days));
    }
  });

  test.each([
    [Duration.days(7), 7],
    [Duration.hours(14 * 24), 14],
    [Duration.days(30), 30],
  ])('of %s reaches the handler as a number of days', (recoveryWindow, days) => {
    expect(recoverable({ recoveryWindow })).toMatchObject({ recoveryWindowInDays: days });
  });

  test.each([
    [Duration.days(0), 'Duration.days(0)'],
    [Duration.days(6), 'Duration.days(6)'],
    [Duration.days(31), 'Duration.days(31)'],
    [Duration.days(365), 'Duration.days(365)'],
    [Duration.hours(180), 'Duration.hours(180) (7.5 days)'],
    [Duration.days(7.5), 'Duration.days(7.5)'],
    [Duration.hours(167), 'Duration.hours(167) (6.958333333333333 days)'],
    [Duration.hours(721), 'Duration.hours(721) (30.041666666666668 days)'],
    [Duration.days(7).plus(Duration.millis(1)), 'Duration.millis(604800001) (7.000000011574074 days)'],
  ])('of %s is refused', (recoveryWindow, got) => {
    expect(() => recoverable({ recoveryWindow })).toThrow(
      new Error(`[Shop/Secret] recoveryWindow must be a whole number of days from 7 to 30, got: ${got}`),
    );
  });

  test.each([
    ['days', Duration.days(Lazy.number({ produce: () => 14 }))],
    ['hours', Duration.hours(Lazy.number({ produce: () => 336 }))],
  ])('of a token number of %s is refused, with the reason', (_, recoveryWindow) => {
    expect(() => recoverable({ recoveryWindow })).toThrow(
      new Error(
        '[Shop/Secret] recoveryWindow must be known at synthesis, got a token: a window that only the ' +
          'deployment knows could not be checked before secrets are scheduled with it',
      ),
    );
  });
});

describe('deletion without recovery', () => {
  test('is passed on when it is asked for', () => {
    expect(recoverable({ forceDeleteWithoutRecovery: true })).toMatchObject({ forceDeleteWithoutRecovery: true });
  });

  test('is not the same as a window', () => {
    expect(() => recoverable({ forceDeleteWithoutRecovery: true, recoveryWindow: Duration.days(7) })).toThrow(
      new Error(
        '[Shop/Secret] recoveryWindow cannot be given together with forceDeleteWithoutRecovery: a secret ' +
          'that is deleted without recovery has no window, got: recoveryWindow Duration.days(7)',
      ),
    );
  });

  test('may be denied together with a window', () => {
    const props = { forceDeleteWithoutRecovery: false, recoveryWindow: Duration.days(7) };
    expect(recoverable(props)).toMatchObject({ forceDeleteWithoutRecovery: false, recoveryWindowInDays: 7 });
  });
});
