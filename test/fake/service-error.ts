/** An error as the SDK throws it: the service's code is its name. */
export class ServiceError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

// Texts as recorded from the service, or as its documentation and public error reports have them.

export const notFound = () =>
  new ServiceError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");

export const nameIsScheduled = () =>
  new ServiceError(
    'InvalidRequestException',
    "You can't create this secret because a secret with this name is already scheduled for deletion.",
  );

export const markedForDeletion = () =>
  new ServiceError(
    'InvalidRequestException',
    "You can't perform this operation on the secret because it was marked for deletion.",
  );

export const wasDeleted = () =>
  new ServiceError('InvalidRequestException', "You can't perform this operation on the secret because it was deleted.");

export const nameExists = (name: string) =>
  new ServiceError('ResourceExistsException', `The operation failed because the secret ${name} already exists.`);

export const tokenInUse = (token: string, arn: string) =>
  new ServiceError(
    'ResourceExistsException',
    `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${arn}.`,
  );

export const hasReplicas = (arn: string, regions: string[]) =>
  new ServiceError(
    'InvalidParameterException',
    `You can't delete secret ${arn} that still has replica regions [${regions.join(', ')}].`,
  );

export const isReplica = () =>
  new ServiceError(
    'InvalidParameterException',
    "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
  );

export const isManaged = (service: string) =>
  new ServiceError('InvalidRequestException', `The secret is managed by ${service}.`);

export const isShared = (account: string) =>
  new ServiceError('InvalidRequestException', `The secret is replicated with account ${account}.`);

export const isReplicated = (region: string) =>
  new ServiceError('InvalidParameterException', `The secret is replicated to ${region} already.`);

export const notReplicated = (region: string) =>
  new ServiceError('InvalidParameterException', `The secret is not replicated to ${region}.`);

export const regionIsOff = () =>
  new ServiceError('UnrecognizedClientException', 'The security token included in the request is invalid.');

export const windowOutOfRange = () =>
  new ServiceError(
    'InvalidParameterException',
    'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
  );

export const windowAndForce = () =>
  new ServiceError(
    'InvalidParameterException',
    "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
  );

export const reservedTag = () =>
  new ServiceError('InvalidParameterException', 'Tag keys that start with aws: are reserved.');

export const accessDenied = (action: string, secret: string) =>
  new ServiceError(
    'AccessDeniedException',
    `User: arn:aws:sts::111122223333:assumed-role/provider/function is not authorized to perform: ` +
      `secretsmanager:${action} on resource: ${secret} because no identity-based policy allows the ` +
      `secretsmanager:${action} action`,
  );

export const keyUnusable = () => new ServiceError('AccessDeniedException', 'Access to KMS is not allowed');

export const throttled = () => new ServiceError('ThrottlingException', 'Rate exceeded');

export const internalError = () => new ServiceError('InternalServiceError', 'An error occurred on the server side.');
