import type { Sent } from './cloudformation-model';
import { type FakeSecretsManager, VALUE_MARK } from './fake-secrets-manager';

const ARN = /^arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+-[A-Za-z0-9]{6}$/;

/** Of a resource that holds no secret, or does not know which. */
const MARKER = /^recoverable-secret:\S+$/;

/** Throws when CloudFormation, or whoever relies on the id of the resource, could not work with the answer. */
export function assertAnswer({ request, stack }: Sent, body: string, secrets: FakeSecretsManager): void {
  const answer = JSON.parse(body);
  const type = request.RequestType;
  const complain = (what: string): never => {
    throw new Error(`the answer to a ${type} ${what}: ${body}`);
  };
  if (Buffer.byteLength(body) > 4096) complain('is too long');
  if (typeof answer.Reason !== 'string' || answer.Reason === '' || /[\r\n]/.test(answer.Reason)) {
    complain('has no reason of one line');
  }
  for (const key of ['StackId', 'RequestId', 'LogicalResourceId'] as const) {
    if (answer[key] !== request[key]) complain(`has another ${key}`);
  }
  const id: string = answer.PhysicalResourceId;
  const known = request.PhysicalResourceId;
  if (answer.Status === 'SUCCESS') {
    if (type === 'Delete' && id !== known) complain('changes the physical id');
    if (type === 'Delete') return;
    // A rollback that returns to a secret which is gone for good.
    if (stack.status.includes('ROLLBACK') && MARKER.test(id)) return;
    const record = secrets.records.find(({ arn }) => arn === id);
    if (!ARN.test(id) || !record) complain('does not name a secret');
    if (record && record.name !== request.ResourceProperties.Name && id !== known)
      complain('names a secret of another name');
    // Where CloudFormation knew of no secret, or of one that an earlier attempt was to replace, it gets to know another one.
    const names = [request.OldResourceProperties?.Name, secrets.records.find(({ arn }) => arn === known)?.name];
    const kept = names.every((name) => name === request.ResourceProperties.Name);
    if (type === 'Update' && id !== known && kept) {
      complain('replaces a secret that kept its name');
    }
  } else if (answer.Status === 'FAILED') {
    if (type !== 'Create' && id !== known && !ARN.test(id)) complain('changes the physical id');
    if (type === 'Create' && !MARKER.test(id) && !ARN.test(id)) {
      complain('has neither an ARN nor a marker as its id');
    }
  } else complain('has no known status');
}

/** The mark as base64 shows it, wherever it begins. */
const DISGUISES = [0, 1, 2].map((offset) => {
  const encoded = Buffer.from(`${'.'.repeat(offset)}${VALUE_MARK}`).toString('base64');
  // The first and last characters depend on what stands around.
  return encoded.slice(offset === 0 ? 0 : 4, -4);
});

export function assertNoValue(text: string): void {
  for (const form of [VALUE_MARK, encodeURIComponent(VALUE_MARK), ...DISGUISES]) {
    if (text.includes(form)) throw new Error(`a value got out: ${text}`);
  }
}
