import { claim, readOwnership } from '../../handler/model/ownership';
import type { ExistingSecret } from '../../handler/model/secret';
import { versionIdOf } from '../../handler/model/versions';
import type { Attempt } from '../../handler/run/attempt';
import type { Prepared } from '../../handler/run/prepare';

/*
 * Secrets as they will be, for whatever the deployment does with them next.
 */

export function createdSecret({ declared, requester }: Attempt): ExistingSecret {
  const tags = { ...declared.tags, ...claim(declared, requester, 'CREATED') };
  return {
    arn: `new secret ${declared.name}`,
    name: declared.name,
    description: declared.description,
    kmsKeyId: declared.kmsKeyId,
    tags,
    ownership: readOwnership(tags),
    versions: declared.value.kind === 'none' ? {} : { [versionIdOf(requester)]: ['AWSCURRENT'] },
    rotates: false,
    replicas: declared.replicas.map(({ region, kmsKeyId }) => ({
      region,
      kmsKeyId,
      status: 'InSync',
      statusMessage: '',
    })),
    sharedWithAccounts: [],
  };
}

/** One that was restored, adopted or changed. */
export function settledSecret(secret: ExistingSecret, { changes, value }: Prepared, attempt: Attempt): ExistingSecret {
  const kept = Object.entries({ ...secret.tags, ...changes.setTags }).filter(
    ([key]) => !changes.removeTags.includes(key),
  );
  const tags = Object.fromEntries(kept);
  const { Description: description = secret.description, KmsKeyId: key = secret.kmsKeyId } = changes.metadata;
  return {
    ...secret,
    deletedDate: undefined,
    description,
    kmsKeyId: key || undefined,
    tags,
    ownership: readOwnership(tags),
    versions: value ? { ...secret.versions, [versionIdOf(attempt.requester)]: ['AWSCURRENT'] } : secret.versions,
  };
}

export function scheduledSecret(secret: ExistingSecret, deletedDate: Date): ExistingSecret {
  return { ...secret, deletedDate, replicas: [] };
}
