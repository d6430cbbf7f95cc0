import type { ExistingSecret } from '../model/secret';
import { type Attempt, failedCreateOf, isArn } from './attempt';
import { release } from './release';

export async function onDelete(attempt: Attempt): Promise<ExistingSecret | undefined> {
  const { declared, physicalId } = attempt;
  await attempt.assertCurrent();
  if (isArn(physicalId)) return release(attempt, physicalId, declared, { kind: 'removal' });
  if (declared.name === '') return undefined;
  const requestId = failedCreateOf(physicalId);
  // @defence only-own-create
  if (requestId !== undefined) return release(attempt, declared.name, declared, { kind: 'failed request', requestId });
  // CloudFormation makes up an id when a Create was never answered; what this deployment got hold of is meant then.
  return release(attempt, declared.name, declared, { kind: 'failed deployment' });
}
