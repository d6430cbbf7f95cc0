import { CallFailed, calling } from '../../src/handler/errors';
import { serviceError } from './existing-secret';

const MAY_CARRY_A_VALUE = ['CreateSecret', 'PutSecretValue', 'GetRandomPassword'];

describe('a call that failed', () => {
  test.each([
    // CloudFormation's.
    'AccessDenied',
    'AccessDeniedException',
    'DecryptionFailure',
    'EncryptionFailure',
    'InvalidRequestException',
    'LimitExceededException',
    'PreconditionNotMetException',
    'ResourceExistsException',
    'ResourceNotFoundException',
    'ThrottlingException',
  ])('tells the text of %s, which holds no value', (name) => {
    for (const operation of ['TagResource', ...MAY_CARRY_A_VALUE]) {
      const { message } = new CallFailed(operation, serviceError(name, 'the text'));
      expect(message).toBe(`${operation} failed with ${name}: the text`);
    }
  });

  test.each(['DeleteSecret', 'UpdateSecret', 'ReplicateSecretToRegions', 'TagResource'])(
    'tells what is wrong with the parameters of %s, which are no value',
    (operation) => {
      const { message } = new CallFailed(operation, serviceError('InvalidParameterException', 'the text'));
      expect(message).toBe(`${operation} failed with InvalidParameterException: the text`);
    },
  );

  test.each(MAY_CARRY_A_VALUE)('does not tell what is wrong with the parameters of %s', (operation) => {
    const { message } = new CallFailed(operation, serviceError('InvalidParameterException', 'it quotes a value'));
    expect(message).toBe(`${operation} failed with InvalidParameterException`);
  });

  test.each([
    ['ValidationException', serviceError('ValidationException')],
    ['an unknown error', 'no error at all'],
    ['an unknown error', serviceError('')],
  ])('tells nothing but the name of %s', async (name, error) => {
    const failure: Error = await calling('TagResource', async () => Promise.reject(error)).catch((each) => each);
    expect(failure).toBeInstanceOf(CallFailed);
    expect(failure.message).toBe(`TagResource failed with ${name}`);
    expect(failure.name).toBe(name);
  });
});
