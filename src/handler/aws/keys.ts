import { DescribeKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { errorName } from '../errors';

/** State of a KMS key; undefined when it cannot be seen. */
export async function keyState(keyId: string, client: KMSClient): Promise<string | undefined> {
  try {
    return (await client.send(new DescribeKeyCommand({ KeyId: keyId }))).KeyMetadata?.KeyState;
  } catch (error) {
    // A key that does not exist is dead; one that may not be seen, as in another account, counts as alive.
    return errorName(error) === 'NotFoundException' ? 'NotFound' : undefined;
  }
}
