import {
  type GeneratedValueValue,
  MAX_OTHER_TAGS,
  MAX_TAGS,
  OWNERSHIP_TAG,
  OWNERSHIP_TAG_PREFIX,
} from '../../private/contract';
import type { DeclaredSecret, Replica, ValueSource } from './declared-secret';
import type { Tags } from './ownership';
import { liveProtection, type Protection } from './purge-protection';
import type { ExistingReplica, ExistingSecret } from './secret';
import { versionWith } from './versions';

/** Fields of UpdateSecret; none of them is a value. */
export interface Metadata {
  readonly Description?: string;
  readonly KmsKeyId?: string;
  readonly Type?: string;
}

/** What differs between a live secret and its declaration. */
export interface Changes {
  readonly setTags: Tags;
  readonly removeTags: readonly string[];
  readonly protection: Protection;
  /** Fields of UpdateSecret; an empty string takes a setting back to its default. */
  readonly metadata: Metadata;
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
    (replica) => replica.status !== 'Failed' && isAsWanted(replica, wantedReplicas.get(replica.region), declaredBefore),
  );
  const keptRegions = new Set(kept.map(({ region }) => region));
  const inSync = new Set(kept.filter(({ status }) => status === 'InSync').map(({ region }) => region));
  // A replica's key cannot be changed, and a failed replica blocks its region: both are removed and added again.
  const removeReplicas = existing.replicas.map(({ region }) => region).filter((region) => !keptRegions.has(region));
  // @defence leaving-replicas-of-update: const leftBefore: string[] = []
  const leftBefore = leavingRegions(existing.tags).filter((region) => !keptRegions.has(region));
  const leavingReplicas = [...new Set([...leftBefore, ...removeReplicas])];
  const marks: Tags = { ...ownershipTags, ...leavingTag(leavingReplicas) };
  const wanted: Tags = { ...declared.tags, ...marks };
  const noted = OWNERSHIP_TAG.leavingReplicas in { ...existing.tags, ...wanted };
  const differs = ([key, value]: [string, string]) => existing.tags[key] !== value;
  // Ours all or none: of two deliveries at the same time one may take away what the other one saw as there already.
  // @defence tags-all-or-none: const claims = false
  const claims = Object.entries(marks).some(differs);
  return {
    setTags: Object.fromEntries(Object.entries(wanted).filter((tag) => (tag[0] in marks && claims) || differs(tag))),
    removeTags: Object.keys(existing.tags).filter((key) => !(key in wanted) && stale(key) && !key.startsWith('aws:')),
    protection: liveProtection(declared, existing.tags, declaredBefore),
    metadata: {
      ...(existing.description !== declared.description && { Description: declared.description }),
      ...(!sameKey(existing.kmsKeyId, declared.kmsKeyId) && { KmsKeyId: declared.kmsKeyId ?? '' }),
      ...(declared.type !== undefined && declared.type !== existing.type && { Type: declared.type }),
    },
    removeReplicas,
    leavingReplicas,
    forgetTags: noted ? [OWNERSHIP_TAG.leavingReplicas] : [],
    addReplicas: declared.replicas.filter(({ region }) => !keptRegions.has(region)),
    awaitReplicas: [...wantedReplicas.keys()].filter((region) => !inSync.has(region)),
  };
}

/**
 * Whether a replica can stay. An alias and the key that it stands for cannot be compared, so there only what the
 * declaration said before tells.
 */
function isAsWanted({ region, kmsKeyId }: ExistingReplica, wanted?: Replica, before?: DeclaredSecret): boolean {
  if (!wanted) return false;
  if (isAlias(wanted.kmsKeyId) === isAlias(kmsKeyId)) return sameKey(kmsKeyId, wanted.kmsKeyId);
  const replicaBefore = before?.replicas.find((replica) => replica.region === region);
  return replicaBefore === undefined || sameKey(replicaBefore.kmsKeyId, wanted.kmsKeyId);
}

/** Not what another delivery of the request may have written since the secret was looked at, or still needs. */
function isStaleMark(key: string): boolean {
  // @defence marks-stay: const kept: readonly string[] = [OWNERSHIP_TAG.leavingReplicas]
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
  return valueToWrite(existing, declared.value, declared.restoredValue);
}

/** The value to write after an update; undefined to keep what the secret has. As in CloudFormation, another source makes another value. */
export function valueToUpdate(
  existing: ExistingSecret,
  declared: DeclaredSecret,
  before: DeclaredSecret,
): ValueSource | undefined {
  const changed = JSON.stringify(before.value) !== JSON.stringify(declared.value);
  return changed ? valueToWrite(existing, declared.value, declared.updatedValue) : undefined;
}

/** A rotation that has begun makes a version, and no value of one that was empty. */
function valueToWrite(
  existing: ExistingSecret,
  source: ValueSource,
  generated: GeneratedValueValue,
): ValueSource | undefined {
  if (source.kind === 'none') return undefined;
  const nothingToKeep = versionWith('AWSCURRENT', existing) === undefined;
  return source.kind === 'declared' || generated === 'REGENERATE' || nothingToKeep ? source : undefined;
}

/**
 * How many tags beside ours the secret would have, where that is too many: more than AWS takes, or new ones that leave no
 * room for every tag that this library may need. Tags that begin with `aws:` do not count.
 */
export function tooManyTags(tags: Tags, { setTags, removeTags }: TagChanges): number | undefined {
  const after = Object.keys({ ...tags, ...setTags }).filter(
    (key) => !removeTags.includes(key) && !key.startsWith('aws:'),
  );
  const isOther = (key: string) => !key.startsWith(OWNERSHIP_TAG_PREFIX);
  const others = after.filter(isOther).length;
  const addsOthers = Object.keys(setTags).some((key) => isOther(key) && !(key in tags));
  return after.length > MAX_TAGS || (addsOthers && others > MAX_OTHER_TAGS) ? others : undefined;
}

export type TagChanges = Pick<Changes, 'setTags' | 'removeTags'>;

/** One key can be spelled as ARN, as id or alias, and the AWS managed key as nothing. */
function sameKey(a: string | undefined, b: string | undefined): boolean {
  const [x, y] = [plainKey(a), plainKey(b)];
  // Only within one account and region is the name all there is to compare.
  return x.startsWith('arn:') && y.startsWith('arn:') ? x === y : keyName(x) === keyName(y);
}

function isAlias(key = ''): boolean {
  return plainKey(key)
    .replace(/^arn:[^/]*:(?=alias\/)/, '')
    .startsWith('alias/');
}

function plainKey(key: string | undefined): string {
  return key === undefined || /(^|:)alias\/aws\/secretsmanager$/.test(key) ? '' : key;
}

function keyName(key: string): string {
  return key.replace(/^arn:[^/]*:(key\/|(?=alias\/))/, '');
}
