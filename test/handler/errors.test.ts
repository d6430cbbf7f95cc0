import { CallFailed, calling } from '../../src/handler/errors';
import { awsError } from './cloud';

describe('a call that failed', () => {
  test.each([
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
    const { message } = new CallFailed('TagResource', awsError(name, 'the text'));
    expect(message).toBe(`TagResource failed with ${name}: the text`);
  });

  test.each([
    ['ValidationException', awsError('ValidationException')],
    ['an unknown error', 'no error at all'],
    ['an unknown error', awsError('')],
  ])('tells nothing but the name of %s', async (name, error) => {
    const failure: Error = await calling('TagResource', async () => Promise.reject(error)).catch((each) => each);
    expect(failure).toBeInstanceOf(CallFailed);
    expect(failure.message).toBe(`TagResource failed with ${name}`);
    expect(failure.name).toBe(name);
  });
});
