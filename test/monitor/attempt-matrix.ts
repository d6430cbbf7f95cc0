import {
  apiCall,
  type CloudTrailEvent,
  denied,
  MARKED,
  MARKED_CURLY,
  NAME_TAKEN,
  NOT_FOUND,
  refused,
  scheduled,
  secretArn,
  serviceEvent,
} from './cloudtrail-events';

/** Whom an event concerns, by the way in which a monitor is narrowed. */
export interface Expectation {
  readonly title: string;
  readonly event: CloudTrailEvent;
  /** A monitor of all secrets. */
  readonly all: boolean;
  /** A monitor of the secrets that begin with `prod/`. */
  readonly prefix: boolean;
  /** A monitor of the secret `prod/db`. */
  readonly secret: boolean;
}

const OURS = secretArn('prod/db', 'AbC123');

/** Operations that fail on a pending secret and name it by `secretId`. */
const OPERATIONS = [
  'GetSecretValue',
  'PutSecretValue',
  'UpdateSecret',
  'UpdateSecretVersionStage',
  'RotateSecret',
  'CancelRotateSecret',
  'TagResource',
  'UntagResource',
  'GetResourcePolicy',
  'PutResourcePolicy',
  'DeleteResourcePolicy',
  'ValidateResourcePolicy',
  'ReplicateSecretToRegions',
  'RemoveRegionsFromReplication',
  'StopReplicationToReplica',
];

const everyone = { all: true, prefix: true, secret: true };
const nobody = { all: false, prefix: false, secret: false };

/** What a rule and a metric filter for attempts must match, and what they must leave alone. */
export const ATTEMPTS: Expectation[] = [
  ...OPERATIONS.map((operation) => ({
    title: `${operation} by name`,
    event: refused(operation, { secretId: 'prod/db' }),
    ...everyone,
  })),
  { title: 'by complete ARN', event: refused('GetSecretValue', { secretId: OURS }), ...everyone },
  { title: 'by partial ARN', event: refused('GetSecretValue', { secretId: secretArn('prod/db') }), ...everyone },
  {
    title: 'with version and stage',
    event: refused('GetSecretValue', { secretId: 'prod/db', versionStage: 'AWSPREVIOUS' }),
    ...everyone,
  },
  {
    title: 'with the older wording',
    event: refused('GetSecretValue', { secretId: 'prod/db' }, MARKED_CURLY),
    ...everyone,
  },
  {
    title: 'under another error code',
    event: refused('GetSecretValue', { secretId: 'prod/db' }, MARKED, { errorCode: 'InvalidRequest' }),
    ...everyone,
  },
  {
    title: 'by an AWS service',
    event: refused('GetSecretValue', { secretId: OURS }, MARKED, {
      userIdentity: { type: 'AWSService', invokedBy: 'ecs-tasks.amazonaws.com' },
      sourceIPAddress: 'ecs-tasks.amazonaws.com',
    }),
    ...everyone,
  },
  { title: 'CreateSecret on the name', event: refused('CreateSecret', { name: 'prod/db' }, NAME_TAKEN), ...everyone },
  {
    title: 'DeleteSecret again',
    event: refused('DeleteSecret', { secretId: 'prod/db' }, 'The secret is already scheduled for deletion.'),
    ...everyone,
  },
  {
    title: 'without request parameters',
    event: refused('GetSecretValue', null),
    all: true,
    prefix: false,
    secret: false,
  },
  {
    title: 'another secret under the prefix',
    event: refused('GetSecretValue', { secretId: 'prod/queue' }),
    all: true,
    prefix: true,
    secret: false,
  },
  {
    title: 'a longer name, by name',
    event: refused('GetSecretValue', { secretId: 'prod/db-replica' }),
    all: true,
    prefix: true,
    secret: false,
  },
  {
    title: 'a longer name, by partial ARN without a hyphen after ours',
    event: refused('GetSecretValue', { secretId: secretArn('prod/db2') }),
    all: true,
    prefix: true,
    secret: false,
  },
  {
    // Neither engine can ask for exactly six characters: rather one notice too many.
    title: 'a longer name, by complete ARN, which cannot be told apart',
    event: refused('GetSecretValue', { secretId: secretArn('prod/db-replica', 'XyZ789') }),
    ...everyone,
  },
  {
    title: 'another prefix, by name',
    event: refused('GetSecretValue', { secretId: 'test/prod/db' }),
    all: true,
    prefix: false,
    secret: false,
  },
  {
    title: 'another prefix, by ARN',
    event: refused('GetSecretValue', { secretId: secretArn('test/prod/db', 'AbC123') }),
    all: true,
    prefix: false,
    secret: false,
  },
  {
    title: 'CreateSecret of another name',
    event: refused('CreateSecret', { name: 'test/db' }, NAME_TAKEN),
    all: true,
    prefix: false,
    secret: false,
  },
  { title: 'a read of a live secret', event: apiCall('GetSecretValue', { secretId: 'prod/db' }), ...nobody },
  {
    title: 'a secret that is gone',
    event: refused('GetSecretValue', { secretId: 'prod/db' }, NOT_FOUND, { errorCode: 'ResourceNotFoundException' }),
    ...nobody,
  },
  { title: 'a denied call', event: denied('GetSecretValue', OURS), ...nobody },
  { title: 'DescribeSecret, which succeeds', event: apiCall('DescribeSecret', { secretId: 'prod/db' }), ...nobody },
  {
    title: 'a batch, whose errors are not in the event',
    event: apiCall('BatchGetSecretValue', { secretIdList: ['prod/db'] }),
    ...nobody,
  },
  { title: 'the deletion itself', event: scheduled('prod/db', 'prod/db'), ...nobody },
  { title: 'the restoration', event: apiCall('RestoreSecret', { secretId: 'prod/db' }), ...nobody },
  { title: 'an event of the service', event: serviceEvent('EndSecretVersionDelete', OURS), ...nobody },
  {
    title: 'the words in the request of a live secret',
    event: apiCall('UpdateSecret', { secretId: 'prod/db', description: 'marked for deletion' }),
    ...nobody,
  },
  {
    title: 'the words from another service',
    event: {
      ...refused('GetParameter', { name: 'prod/db' }, MARKED, { eventSource: 'ssm.amazonaws.com' }),
      source: 'aws.ssm',
    },
    ...nobody,
  },
];

/** What the rule for unconfirmed attempts must match, by the prop that asks for it. */
export const UNCONFIRMED: (Pick<Expectation, 'title' | 'event' | 'prefix' | 'secret'> & {
  readonly prop: 'includeAccessDenied' | 'includeBatchGetSecretValue' | 'includeDescribeSecret' | 'none';
})[] = [
  ...[OURS, secretArn('prod/db'), 'prod/db'].flatMap((resource) => [
    {
      title: `denied on ${resource}`,
      prop: 'includeAccessDenied' as const,
      event: denied('GetSecretValue', resource),
      prefix: true,
      secret: true,
    },
    {
      title: `denied on ${resource}, with a reason`,
      prop: 'includeAccessDenied' as const,
      event: denied(
        'GetSecretValue',
        resource,
        ' because no identity-based policy allows the secretsmanager:GetSecretValue action',
      ),
      prefix: true,
      secret: true,
    },
  ]),
  {
    title: 'denied on another secret under the prefix',
    prop: 'includeAccessDenied',
    event: denied('GetSecretValue', 'prod/dbx', ' because no identity-based policy allows it'),
    prefix: true,
    secret: false,
  },
  {
    title: 'denied elsewhere',
    prop: 'includeAccessDenied',
    event: denied('GetSecretValue', secretArn('test/prod/db', 'AbC123')),
    prefix: false,
    secret: false,
  },
  ...[OURS, secretArn('prod/db'), 'prod/db'].map((id) => ({
    title: `a batch with ${id}`,
    prop: 'includeBatchGetSecretValue' as const,
    event: apiCall('BatchGetSecretValue', { secretIdList: ['test/other', id] }),
    prefix: true,
    secret: true,
  })),
  {
    title: 'a batch of others',
    prop: 'includeBatchGetSecretValue',
    event: apiCall('BatchGetSecretValue', { secretIdList: ['test/other'] }),
    prefix: false,
    secret: false,
  },
  {
    title: 'a batch by filter, which names no secret',
    prop: 'includeBatchGetSecretValue',
    event: apiCall('BatchGetSecretValue', { filters: [{ key: 'name', values: ['prod/'] }] }),
    prefix: false,
    secret: false,
  },
  ...['DescribeSecret', 'ListSecretVersionIds'].map((operation) => ({
    title: operation,
    prop: 'includeDescribeSecret' as const,
    event: apiCall(operation, { secretId: OURS }),
    prefix: true,
    secret: true,
  })),
  {
    title: 'DescribeSecret that fails',
    prop: 'includeDescribeSecret',
    event: refused('DescribeSecret', { secretId: 'prod/db' }, NOT_FOUND),
    prefix: false,
    secret: false,
  },
  {
    title: 'a read of a live secret',
    prop: 'none',
    event: apiCall('GetSecretValue', { secretId: 'prod/db' }),
    prefix: false,
    secret: false,
  },
  {
    title: 'an attempt, which has its own rule',
    prop: 'none',
    event: refused('GetSecretValue', { secretId: 'prod/db' }),
    prefix: false,
    secret: false,
  },
];
