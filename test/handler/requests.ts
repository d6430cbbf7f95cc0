import type { CloudFormationRequest } from '../../src/handler/cloudformation/request';
import { OWNERSHIP_TAG, type RecoveryProperties } from '../../src/private/contract';

export const NAME = 'prod/db';
export const OWNER = 'shop';

export type Properties = Record<string, unknown>;

/** What the construct renders for a secret, as CloudFormation delivers it: every primitive is a string, no defaults. */
export function properties(changes: Partial<RecoveryProperties> & Properties = {}): Properties {
  const all: Properties = {
    ServiceToken: 'arn:aws:lambda:eu-west-1:123456789012:function:recovery',
    Name: NAME,
    RecoveryWindowInDays: '14',
    GenerateSecretString: {},
    ...changes,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** A declared value instead of a generated one. */
export function declaring(value: string, changes: Partial<RecoveryProperties> & Properties = {}): Properties {
  return properties({ GenerateSecretString: undefined, SecretString: value, ...changes });
}

export function tagList(tags: Record<string, string>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/** One life of a stack: destroyed and deployed again, it has the same name and another id. */
export function stackId(name: string, life = 1): string {
  return `arn:aws:cloudformation:eu-west-1:123456789012:stack/${name}/${uuid(life)}`;
}

/** Who holds a secret. */
export interface Holder {
  readonly owner?: string;
  readonly stackId?: string;
  readonly logicalId?: string;
}

/** The tags by which somebody holds a secret. */
export function heldBy({ owner, stackId, logicalId }: Holder): Record<string, string> {
  return {
    ...(owner && { [OWNERSHIP_TAG.owner]: owner }),
    ...(stackId && { [OWNERSHIP_TAG.stackId]: stackId }),
    ...(logicalId && { [OWNERSHIP_TAG.logicalId]: logicalId }),
  };
}

/** The tags of a secret that a resource of another owner holds. */
export const BANK = heldBy({ owner: 'bank', stackId: stackId('bank'), logicalId: 'Vault' });

/** Where an answer goes, and with it when the request was sent; it does not say where that is not given. */
export function answerUrl(sentAt?: number, endpoint = 'http://127.0.0.1:9'): string {
  const date = sentAt === undefined ? '' : new Date(sentAt).toISOString().replace(/[-:]|\.\d+/g, '');
  return `${endpoint}/answer?X-Amz-Signature=${SIGNATURE}${date && `&X-Amz-Date=${date}&X-Amz-Expires=7200`}`;
}

/** The secret part of the URL that answers go to. */
export const SIGNATURE = '9d377b1fa2c0f54e';

let requests = 0;

export function request(
  type: CloudFormationRequest['RequestType'],
  of: Pick<CloudFormationRequest, 'StackId' | 'LogicalResourceId'> & Partial<CloudFormationRequest>,
): CloudFormationRequest {
  return {
    RequestType: type,
    RequestId: uuid(++requests),
    ResponseURL: answerUrl(),
    ResourceProperties: properties(),
    ...of,
  };
}

function uuid(number: number): string {
  return `5ec2e7a0-0000-4000-8000-${String(number).padStart(12, '0')}`;
}
