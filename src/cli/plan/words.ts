import { stackName } from '../../handler/cloudformation/request';
import type { DeclaredSecret } from '../../handler/model/declared-secret';
import type { ExistingSecret } from '../../handler/model/secret';
import type { Prepared } from '../../handler/run/prepare';
import { dayText, endText } from '../output/dates';
import { endOfWindow } from '../scheduled-secret';
import { changesIn, changesText } from './changes';

/*
 * What a plan says to people, beside the refusals, which are the function's own.
 */

export function createText({ value }: DeclaredSecret): string {
  return { generated: 'with a generated value', declared: 'with the declared value', none: 'without a value' }[
    value.kind
  ];
}

/** @param keySeen Whether the state of its key is known, and with that its being alive */
export function restoreText(secret: ExistingSecret, prepared: Prepared, keySeen: boolean): string {
  const key = secret.kmsKeyId && keySeen ? 'its KMS key is alive' : '';
  return sentence(
    scheduledText(secret),
    holderText(secret),
    key,
    valueText(secret, prepared),
    restText(secret, prepared),
  );
}

export function adoptText(secret: ExistingSecret, prepared: Prepared): string {
  return sentence('live', holderText(secret), valueText(secret, prepared), restText(secret, prepared));
}

export function updateText(secret: ExistingSecret, prepared: Prepared): string {
  const changes = changesIn(secret, prepared);
  const restored = secret.deletedDate ? `${scheduledText(secret)}, so it is restored first` : '';
  const changed = changes.length > 0 ? changesText(changes) : 'nothing about the secret itself';
  return sentence(restored, changed);
}

export function nothingText(secret: ExistingSecret | undefined, name: string): string {
  if (!secret) {
    return `the template is the one that is deployed, but '${name}' is gone for good, which this deployment does not notice`;
  }
  if (!secret.deletedDate) return 'the template is the one that is deployed';
  return (
    `${scheduledText(secret)}, but the template is the one that is deployed, so nothing restores it: use ` +
    `cdk-recoverable-secret restore ${name}`
  );
}

export function scheduleText(secret: ExistingSecret, { recoveryWindowInDays }: DeclaredSecret, until: Date): string {
  return sentence(`can be restored for ${recoveryWindowInDays} days, until ${dayText(until)}`, lastUseText(secret));
}

export function forceText(secret: ExistingSecret): string {
  return sentence('deleted at once and for good, nothing can restore it', lastUseText(secret));
}

export function retainText(secret: ExistingSecret | undefined): string {
  if (!secret) return 'its removal policy retains it, but it is gone';
  return sentence('its removal policy retains it: it stays live, and is paid for', lastUseText(secret));
}

function scheduledText(secret: ExistingSecret): string {
  const now = Date.now();
  const end = secret.deletedDate && endOfWindow(secret.deletedDate, secret.tags, now);
  return `scheduled for deletion ${endText({ end }, now)}`;
}

function holderText({ ownership }: ExistingSecret): string {
  const { owner, stackId, logicalId } = ownership;
  if (owner === undefined && stackId === undefined) return 'made by somebody else';
  const holder = stackId && logicalId ? `${logicalId} of stack ${stackName(stackId)}` : undefined;
  return [owner === undefined ? '' : `owner '${owner}'`, holder ? `held by ${holder}` : ''].filter(Boolean).join(', ');
}

function valueText({ versions }: ExistingSecret, { value }: Prepared): string {
  if (value?.kind === 'declared') return 'the value is rewritten as declared';
  if (value?.kind === 'generated') return 'another value is generated';
  return Object.keys(versions).length > 0 ? 'the value is kept' : 'it has no value';
}

function restText(secret: ExistingSecret, prepared: Prepared): string {
  const changes = changesIn(secret, prepared).filter(({ what }) => what !== 'value');
  return changes.length > 0 ? `changes ${changesText(changes)}` : '';
}

function lastUseText({ lastAccessedDate }: ExistingSecret): string {
  return lastAccessedDate ? `last used ${dayText(lastAccessedDate)}` : 'never used, as far as AWS knows';
}

function sentence(...parts: readonly string[]): string {
  return parts.filter(Boolean).join('; ');
}
