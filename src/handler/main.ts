import { afterCleanUp, afterCreate, afterDelete, afterRollback, afterUpdate, leftBehind } from './aftermath';
import { awsEnvironment } from './aws/clients';
import { queryOr } from './aws/retry';
import { type CloudFormationRequest, validityOf } from './cloudformation/request';
import { type Answer, oneLine, sendAnswer } from './cloudformation/response';
import type { Environment } from './environment';
import { RequestRejected, RollbackIncomplete } from './errors';
import { explain } from './messages';
import type { ExistingSecret } from './model/secret';
import type { Acquired } from './run/acquire';
import { Attempt, unknownSecret } from './run/attempt';
import { onCreate } from './run/create';
import { onDelete } from './run/delete';
import { onUpdate } from './run/update';

/** What the Lambda runtime tells about an invocation. */
interface Invocation {
  getRemainingTimeInMillis(): number;
}

export async function handler(request: CloudFormationRequest, invocation: Invocation): Promise<void> {
  const about = { request: request.RequestType, requestId: request.RequestId, resource: request.LogicalResourceId };
  const log: Environment['log'] = (fields) => console.log(JSON.stringify({ ...about, ...fields }));
  if (Date.now() >= (validityOf(request.ResponseURL).expires ?? Infinity)) {
    log({ step: 'ignored', why: 'CloudFormation no longer waits for an answer to this request' });
    return;
  }
  const env = awsEnvironment(() => invocation.getRemainingTimeInMillis(), log);
  const answer = await answerTo(request, env);
  log({ status: answer.status, secret: answer.physicalId, reason: answer.reason });
  await sendAnswer(request, answer, env.sleep);
}

/** Carries the request out; a failure becomes an answer as well. */
export async function answerTo(request: CloudFormationRequest, env: Environment): Promise<Answer> {
  const attempt = new Attempt(request, env);
  try {
    return await carryOut(attempt);
  } catch (error) {
    const left = error instanceof RollbackIncomplete;
    const cause = left ? error.reason : error;
    // Of a Create the Delete finds out by itself.
    const known = (left && request.RequestType !== 'Create' && error.arn) || request.PhysicalResourceId;
    const whatNow =
      cause instanceof RequestRejected ? '' : `; ${left ? leftBehind(attempt.declared) : await next(attempt)}`;
    return {
      status: 'FAILED',
      physicalId: known ?? unknownSecret(request.RequestId),
      reason: oneLine(`${explain(cause)}${whatNow}`),
    };
  }
}

async function carryOut(attempt: Attempt): Promise<Answer> {
  switch (attempt.requester.type) {
    case 'Create':
      return acquired(await onCreate(attempt));
    case 'Update':
      return acquired(await onUpdate(attempt));
    case 'Delete':
      return { status: 'SUCCESS', physicalId: attempt.physicalId, reason: lastUse(await onDelete(attempt)) };
  }
}

/** The attributes of the resource: `Id` is that of `AWS::SecretsManager::Secret`. */
function acquired({ arn, outcome }: Acquired): Answer {
  return { status: 'SUCCESS', physicalId: arn, data: { Id: arn, Outcome: outcome === 'KEPT' ? 'ADOPTED' : outcome } };
}

function lastUse(secret: ExistingSecret | undefined): string | undefined {
  return secret && `last used: ${secret.lastAccessedDate?.toISOString().slice(0, 10) ?? 'never, as far as AWS tells'}`;
}

async function next({ env, requester, declared, before, lettingGo }: Attempt): Promise<string> {
  const { type, stackId } = requester;
  if (type === 'Create') return afterCreate(declared);
  const status = (await queryOr(env, undefined, () => env.stacks.status(stackId))) ?? '';
  if (type === 'Delete') {
    return status.includes('CLEANUP') ? afterCleanUp(declared, lettingGo) : afterDelete(declared);
  }
  if (status.includes('ROLLBACK')) return afterRollback(declared);
  // Another name is another secret, of which the request itself undoes what it has done.
  return declared.name === before.name ? afterUpdate(declared) : afterCreate(declared);
}
