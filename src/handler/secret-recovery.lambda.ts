import { awsEnvironment } from './aws/clients';
import type { CloudFormationRequest } from './cloudformation/request';
import { type Answer, oneLine, sendAnswer, validityOf } from './cloudformation/response';
import type { Environment } from './environment';
import { Failure, Refusal } from './errors';
import { onCreate, onDelete, onUpdate, Unfinished, unknownSecret } from './run/lifecycle';

/** What the Lambda runtime tells about an invocation. */
interface Invocation {
  getRemainingTimeInMillis(): number;
}

export async function handler(request: CloudFormationRequest, invocation: Invocation): Promise<void> {
  const about = { request: request.RequestType, requestId: request.RequestId, resource: request.LogicalResourceId };
  const log: Environment['log'] = (fields) => console.log(JSON.stringify({ ...about, ...fields }));
  const { sent, expires } = validityOf(request.ResponseURL);
  if (Date.now() >= (expires ?? Infinity)) {
    log({ step: 'ignored', why: 'CloudFormation no longer waits for an answer to this request' });
    return;
  }
  const env = awsEnvironment(sent, () => invocation.getRemainingTimeInMillis(), log);
  const answer = await answerTo(request, env);
  log({ status: answer.status, secret: answer.physicalId, reason: answer.reason });
  await sendAnswer(request, answer, env.sleep);
}

/** Carries the request out; a failure becomes an answer as well. */
export async function answerTo(request: CloudFormationRequest, env: Environment): Promise<Answer> {
  try {
    const { physicalId, data } = await carryOut(request, env);
    return { status: 'SUCCESS', physicalId, data };
  } catch (error) {
    const left = error instanceof Unfinished;
    const cause = left ? error.reason : error;
    const known = left && request.RequestType !== 'Create' ? error.arn : request.PhysicalResourceId;
    return {
      status: 'FAILED',
      physicalId: known ?? unknownSecret(request.RequestId),
      reason: oneLine(`${explain(cause)}${cause instanceof Refusal ? '' : aftermath(request, left)}`),
    };
  }
}

function carryOut(request: CloudFormationRequest, env: Environment) {
  switch (request.RequestType) {
    case 'Create':
      return onCreate(request, env);
    case 'Update':
      return onUpdate(request, env);
    case 'Delete':
      return onDelete(request, env);
  }
}

/** Unknown errors may quote anything, so only their name is told. */
function explain(error: unknown): string {
  if (error instanceof Refusal || error instanceof Failure) return error.message;
  return `the function failed with ${error instanceof Error ? error.name : 'an unknown error'}`;
}

function aftermath(request: CloudFormationRequest, left: boolean): string {
  const name = `secret '${request.ResourceProperties.Name}'`;
  if (left) return `; ${name} could not be put back as it was found, the rollback tries again`;
  switch (request.RequestType) {
    case 'Create':
      return `; ${name} has the state, owner and value that it was found with; deploy again when the cause is removed`;
    case 'Update':
      return `; ${name} keeps its value; deploy again when the cause is removed`;
    case 'Delete':
      return `; ${name} is not deleted; delete the stack again when the cause is removed`;
  }
}
