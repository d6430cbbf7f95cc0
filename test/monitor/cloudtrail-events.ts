/**
 * CloudTrail events of Secrets Manager, as EventBridge delivers them.
 *
 * The frame is that of the samples in AWS's user guide ("Logging Secrets Manager events with CloudTrail"). No sample
 * of a call on a pending secret is published: those here are derived from the frame, from the error texts that AWS
 * returns, and from what CloudTrail documents about failed calls.
 */

/** Account and region of the emulator. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';

/** What the events of a rehearsal call themselves: nobody but AWS may send events from `aws.secretsmanager`. */
export const REHEARSAL_SOURCE = 'rehearsal.secretsmanager';

export const MARKED = "You can't perform this operation on the secret because it was marked for deletion.";
/** The same with the apostrophe that was in use around 2019. */
export const MARKED_CURLY = 'You can’t perform this operation on the secret because it was marked for deletion.';
export const NAME_TAKEN =
  "You can't create this secret because a secret with this name is already scheduled for deletion.";
export const NOT_FOUND = "Secrets Manager can't find the specified secret.";

export interface CloudTrailEvent {
  readonly version: string;
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: string[];
  readonly detail: Record<string, unknown>;
}

/** A call that succeeded, unless `detail` says otherwise. */
export function apiCall(
  eventName: string,
  requestParameters: Record<string, unknown> | null,
  detail: Record<string, unknown> = {},
): CloudTrailEvent {
  return envelope('AWS API Call via CloudTrail', {
    eventVersion: '1.11',
    userIdentity: {
      type: 'AssumedRole',
      principalId: 'AROAEXAMPLE:worker',
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/orders-worker/worker`,
      accountId: ACCOUNT,
    },
    eventTime: '2026-03-04T05:06:07Z',
    eventSource: 'secretsmanager.amazonaws.com',
    eventName,
    awsRegion: REGION,
    sourceIPAddress: '203.0.113.7',
    userAgent: 'Boto3/1.43 "quoted" <tag>',
    requestParameters,
    responseElements: null,
    requestID: '11111111-2222-3333-4444-555555555555',
    eventID: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
    readOnly: /^(Get|List|Describe|BatchGet)/.test(eventName),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
    ...detail,
  });
}

/** A call that the service refused for the state of the secret. */
export function refused(
  eventName: string,
  requestParameters: Record<string, unknown> | null,
  errorMessage = MARKED,
  detail: Record<string, unknown> = {},
): CloudTrailEvent {
  return apiCall(eventName, requestParameters, { errorCode: 'InvalidRequestException', errorMessage, ...detail });
}

/** A call that IAM denied: CloudTrail leaves out the request's parameters. */
export function denied(eventName: string, resource: string, rest = ''): CloudTrailEvent {
  return apiCall(eventName, null, {
    errorCode: 'AccessDenied',
    errorMessage:
      `User: arn:aws:sts::${ACCOUNT}:assumed-role/orders-worker/worker is not authorized to perform: ` +
      `secretsmanager:${eventName} on resource: ${resource}${rest}`,
  });
}

/** An event that Secrets Manager itself recorded, in the frame of its documented `RotationSucceeded` event. */
export function serviceEvent(eventName: string, secretArn: string): CloudTrailEvent {
  return envelope('AWS Service Event via CloudTrail', {
    eventVersion: '1.11',
    userIdentity: { accountId: ACCOUNT, invokedBy: 'secretsmanager.amazonaws.com' },
    eventTime: '2026-03-04T05:06:07Z',
    eventSource: 'secretsmanager.amazonaws.com',
    eventName,
    awsRegion: REGION,
    sourceIPAddress: 'secretsmanager.amazonaws.com',
    userAgent: 'secretsmanager.amazonaws.com',
    requestParameters: null,
    responseElements: null,
    additionalEventData: { SecretId: secretArn },
    eventID: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
    readOnly: false,
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
  });
}

/** The ARN of a secret; the complete one with the six characters that Secrets Manager adds to the name. */
export function secretArn(name: string, suffix = '', account = ACCOUNT): string {
  return `arn:aws:secretsmanager:${REGION}:${account}:secret:${name}${suffix && `-${suffix}`}`;
}

/** DeleteSecret as in AWS's published sample, with its spelling of `aRN`. */
export function scheduled(secretId: string, name: string, parameters: Record<string, unknown> = {}): CloudTrailEvent {
  return apiCall(
    'DeleteSecret',
    { secretId, ...parameters },
    { responseElements: { name, deletionDate: 'Apr 3, 2026 5:06:07 AM', aRN: secretArn(name, 'AbC123') } },
  );
}

function envelope(detailType: string, detail: Record<string, unknown>): CloudTrailEvent {
  return {
    version: '0',
    id: '99999999-8888-7777-6666-555555555555',
    'detail-type': detailType,
    source: 'aws.secretsmanager',
    account: ACCOUNT,
    time: '2026-03-04T05:06:07Z',
    region: REGION,
    resources: [],
    detail,
  };
}
