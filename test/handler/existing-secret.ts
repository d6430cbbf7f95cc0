import { randomUUID } from 'node:crypto';
import type { DescribeSecretResponse } from '@aws-sdk/client-secrets-manager';
import { existingSecret } from '../../src/handler/aws/secrets';
import { declaredSecret } from '../../src/handler/cloudformation/request';
import type { DeclaredSecret, Requester } from '../../src/handler/model/declared-secret';
import { claim, type Ownership, readOwnership, type Tags } from '../../src/handler/model/ownership';
import type { ExistingSecret } from '../../src/handler/model/secret';
import type { Outcome } from '../../src/private/contract';
import { NAME, type Properties, properties, stackId, tagList } from './requests';

export const ARN = `arn:aws:secretsmanager:eu-west-1:123456789012:secret:${NAME}-AbCdEf`;

/** What makes a secret one that is scheduled for deletion, or a replica. */
export const SCHEDULED = { DeletedDate: new Date('2027-03-04T05:06:07Z') };
export const REPLICA = { PrimaryRegion: 'us-east-1' };

/** What DescribeSecret answers; the types of the SDK do not know all of it. */
type Shown = DescribeSecretResponse & {
  readonly CrossAccountPrimary?: unknown;
  readonly CrossAccountReplicas?: unknown;
};

/** A secret as DescribeSecret shows it. */
export function existing(tags: Tags = {}, more: Shown = {}): ExistingSecret {
  return existingSecret({ ARN, Name: NAME, Tags: tagList(tags), VersionIdsToStages: { v: ['AWSCURRENT'] }, ...more });
}

export function declared(changes: Properties = {}): DeclaredSecret {
  return declaredSecret(properties(changes), stackId('shop'));
}

/** The resource that the tests are about, and one of another owner. */
export const SHOP = requester('shop', 'Db');
export const BANK = requester('bank', 'Vault');

export function requester(stack: string, logicalId: string, more: Partial<Requester> = {}): Requester {
  const sentAt = Date.UTC(2027, 0, 2, 3, 4, 5);
  return { type: 'Update', requestId: randomUUID(), sentAt, stackId: stackId(stack), logicalId, ...more };
}

/** The tags of a secret that a resource holds in its stack's name. */
export function heldBy(of: Requester, outcome: Outcome = 'CREATED', takenFrom?: Ownership): Tags {
  return claim({ ...declared(), owner: of.stackId.split('/')[1] }, of, outcome, takenFrom);
}

/** The ownership of a secret that a resource holds. */
export function holdingOf(of: Requester): Ownership {
  return readOwnership(heldBy(of));
}

/** The same tags without some of them. */
export function without(tags: Tags, ...keys: string[]): Tags {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));
}

/** An error as the SDK throws it. */
export function serviceError(name: string, message = 'the text of the service'): Error {
  return Object.assign(new Error(message), { name });
}
