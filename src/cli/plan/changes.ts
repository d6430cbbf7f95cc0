import { isProtected } from '../../handler/model/purge-protection';
import type { ExistingSecret } from '../../handler/model/secret';
import type { Prepared } from '../../handler/run/prepare';
import { OWNERSHIP_TAG, OWNERSHIP_TAG_PREFIX } from '../../private/contract';
import { isOpen } from '../template/open';

/** One thing about a secret that a deployment changes; the detail is for people. */
export interface Change {
  readonly what:
    | 'owner'
    | 'description'
    | 'key'
    | 'type'
    | 'tags'
    | 'replicas'
    | 'recoveryWindow'
    | 'purgeProtection'
    | 'value';
  readonly detail?: string;
}

/** What differs between a secret and its declaration, as far as that is known before the deployment. */
export function changesIn(secret: ExistingSecret, { changes, value }: Prepared): Change[] {
  const { setTags, removeTags, metadata, addReplicas, removeReplicas, protection } = changes;
  const isOurs = (key: string) => key.startsWith(OWNERSHIP_TAG_PREFIX);
  const becomes = (tag: string) => (setTags[tag] === secret.tags[tag] ? undefined : setTags[tag]);
  const set = Object.keys(setTags).filter((key) => !isOurs(key) && !isOpen(setTags[key]));
  const taken = removeTags.filter((key) => !isOurs(key));
  const added = addReplicas.map(({ region }) => region);
  const owner = becomes(OWNERSHIP_TAG.owner);
  const window = becomes(OWNERSHIP_TAG.recoveryWindow);
  // Whoever takes a secret over, and asks for no protection, may have no right to end it.
  const stays = protection === undefined || (protection === 'off' && becomes(OWNERSHIP_TAG.origin) !== undefined);
  const protects = stays ? isProtected(secret.tags) : protection !== 'off';
  const differs = (setting: string | undefined) => setting !== undefined && !isOpen(setting);
  const all: (Change | false)[] = [
    owner !== undefined && { what: 'owner', detail: `'${owner}'` },
    differs(metadata.Description) && { what: 'description' },
    differs(metadata.KmsKeyId) && { what: 'key', detail: metadata.KmsKeyId || 'the one of AWS' },
    differs(metadata.Type) && { what: 'type', detail: metadata.Type },
    set.length + taken.length > 0 && { what: 'tags', detail: plusAndMinus(set, taken) },
    added.length + removeReplicas.length > 0 && { what: 'replicas', detail: plusAndMinus(added, removeReplicas) },
    window !== undefined && { what: 'recoveryWindow', detail: /^\d+$/.test(window) ? `${window} days` : window },
    protects !== isProtected(secret.tags) && { what: 'purgeProtection', detail: protects ? 'on' : 'off' },
    value !== undefined && { what: 'value', detail: value.kind === 'generated' ? 'generated anew' : 'as declared' },
  ];
  return all.filter((change) => change !== false);
}

export function changesText(changes: readonly Change[]): string {
  return changes
    .map(({ what, detail }) => (detail ? `${NAMES[what] ?? what} (${detail})` : (NAMES[what] ?? what)))
    .join(', ');
}

function plusAndMinus(plus: readonly string[], minus: readonly string[]): string {
  const again = plus.filter((item) => minus.includes(item));
  return [
    ...plus.filter((item) => !again.includes(item)).map((item) => `+${item}`),
    ...minus.filter((item) => !again.includes(item)).map((item) => `-${item}`),
    ...again.map((item) => `${item} made anew`),
  ].join(' ');
}

const NAMES: Readonly<Record<string, string>> = {
  recoveryWindow: 'recovery window',
  purgeProtection: 'purge protection',
};
