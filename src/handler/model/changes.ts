import { OWNERSHIP_TAG, OWNERSHIP_TAG_PREFIX } from '../../private/contract';
import type { DeclaredSecret, Replica, ValueSource } from './declared-secret';
import type { Tags } from './ownership';
import type { ExistingSecret } from './secret';

/** What differs between a live secret and its declaration. */
export interface Changes {
  readonly setTags: Tags;
  readonly removeTags: readonly string[];
  /** Fields of UpdateSecret; an empty string takes a setting back to its default. */
  readonly metadata: { readonly Description?: string; readonly KmsKeyId?: string };
  readonly removeReplicas: readonly string[];
  /** Regions whose replica has to be gone: also those that an earlier delivery removed. */
  readonly leavingReplicas: readonly string[];
  /** Keys of tags that are not needed any more when these are gone. */
  readonly forgetTags: readonly string[];
  readonly addReplicas: readonly Replica[];
  /** Regions whose replica does not have the value yet. */
  readonly awaitReplicas: readonly string[];
}

/**
 * Compares a secret with its declaration.
 *
 * @param ownershipTags Every ownership tag that the secret has in the end
 * @param declaredBefore The declaration before this one; only what it declared is taken away again
 */
export function changesOf(
  existing: ExistingSecret,
  declared: DeclaredSecret,
  ownershipTags: Tags,
  declaredBefore?: DeclaredSecret,
): Changes {
  const stale = (key: string) => isStaleMark(key) || key in (declaredBefore?.tags ?? {});
  const wantedReplicas = new Map(declared.replicas.map((replica) => [replica.region, replica]));
  const kept = existing.replicas.filter(
    ({ region, status, kmsKeyId }) =>
      status !== 'Failed' && wantedReplicas.has(region) && sameKey(kmsKeyId, wantedReplicas.get(region)?.kmsKeyId),
  );
  const keptRegions = new Set(kept.map(({ region }) => region));
  const inSync = new Set(kept.filter(({ status }) => status === 'InSync').map(({ region }) => region));
  // A replica's key cannot be changed, and a failed replica blocks its region: both are removed and added again.
  const removeReplicas = existing.replicas.map(({ region }) => region).filter((region) => !keptRegions.has(region));
  const leftBefore = leavingRegions(existing.tags).filter((region) => !keptRegions.has(region));
  const leavingReplicas = [...new Set([...leftBefore, ...removeReplicas])];
  const marks: Tags = { ...ownershipTags, ...leavingTag(leavingReplicas) };
  const wanted: Tags = { ...declared.tags, ...marks };
  const noted = OWNERSHIP_TAG.leavingReplicas in { ...existing.tags, ...wanted };
  const differs = ([key, value]: [string, string]) => existing.tags[key] !== value;
  // Ours all or none: of two deliveries at the same time one may take away what the other one saw as there already.
  const claims = Object.entries(marks).some(differs);
  return {
    setTags: Object.fromEntries(Object.entries(wanted).filter((tag) => (tag[0] in marks ? claims : differs(tag)))),
    removeTags: Object.keys(existing.tags).filter((key) => !(key in wanted) && stale(key) && !key.startsWith('aws:')),
    metadata: {
      ...(existing.description !== declared.description && { Description: declared.description }),
      ...(!sameKey(existing.kmsKeyId, declared.kmsKeyId) && { KmsKeyId: declared.kmsKeyId ?? '' }),
    },
    removeReplicas,
    leavingReplicas,
    forgetTags: noted ? [OWNERSHIP_TAG.leavingReplicas] : [],
    addReplicas: declared.replicas.filter(({ region }) => !keptRegions.has(region)),
    awaitReplicas: [...wantedReplicas.keys()].filter((region) => !inSync.has(region)),
  };
}

/** Not what another delivery of the request may have written since the secret was looked at, or still needs. */
function isStaleMark(key: string): boolean {
  const kept: readonly string[] = [OWNERSHIP_TAG.restoredBy, OWNERSHIP_TAG.leavingReplicas];
  return key.startsWith(OWNERSHIP_TAG_PREFIX) && !kept.includes(key);
}

/** Regions that removed replicas leave: they are not listed any more, but a second delivery must see them gone. */
export function leavingRegions(tags: Tags): string[] {
  return (tags[OWNERSHIP_TAG.leavingReplicas] ?? '').split(' ').filter(Boolean);
}

/** Empty when no replica leaves. */
export function leavingTag(regions: readonly string[]): Tags {
  return regions.length > 0 ? { [OWNERSHIP_TAG.leavingReplicas]: regions.slice(0, NOTED_REGIONS).join(' ') } : {};
}

/** How many names of regions fit into the 256 characters of a tag. */
const NOTED_REGIONS = 16;

/** The value to write into a restored or adopted secret; undefined to keep what it has. */
export function valueToRestore(existing: ExistingSecret, declared: DeclaredSecret): ValueSource | undefined {
  const { value, restoredValue } = declared;
  if (value.kind === 'none') return undefined;
  const nothingToKeep = Object.keys(existing.versions).length === 0;
  return value.kind === 'declared' || restoredValue === 'REGENERATE' || nothingToKeep ? value : undefined;
}

/** One key can be spelled as ARN, as id or alias, and the AWS managed key as nothing. */
function sameKey(a: string | undefined, b: string | undefined): boolean {
  const [x, y] = [plainKey(a), plainKey(b)];
  // Only within one account and region is the name all there is to compare.
  return x.startsWith('arn:') && y.startsWith('arn:') ? x === y : keyName(x) === keyName(y);
}

function plainKey(key: string | undefined): string {
  return key === undefined || /(^|:)alias\/aws\/secretsmanager$/.test(key) ? '' : key;
}

function keyName(key: string): string {
  return key.replace(/^arn:[^/]*:(key\/|(?=alias\/))/, '');
}
