import { retryAny } from '../aws/retry';
import { RollbackIncomplete, rejected } from '../errors';
import { refuseStale, refuseWithdrawn } from '../messages';
import { type Acquired, acquire } from './acquire';
import type { Attempt } from './attempt';
import { release } from './release';

export async function onCreate(attempt: Attempt): Promise<Acquired> {
  const before = await attempt.validity();
  // @defence past-create: const acquired = await acquire(attempt, { kind: 'forward' })
  const acquired = before === 'current' ? await acquire(attempt, { kind: 'forward' }) : undefined;
  // CloudFormation withdraws a Create when another resource fails. Its Delete may have come before there was anything.
  // @defence take-back-withdrawn
  if (before === 'withdrawn' || (acquired && (await attempt.validity()) === 'withdrawn')) {
    await takeBack(attempt, acquired);
    throw rejected(refuseWithdrawn());
  }
  if (!acquired) throw rejected(refuseStale());
  return acquired;
}

/** Undoes what a withdrawn Create has done, in this delivery or in another one. */
async function takeBack(attempt: Attempt, acquired: Acquired | undefined): Promise<void> {
  const { env, declared, requester } = attempt;
  const reason = { kind: 'failed request', requestId: requester.requestId, memory: acquired?.memory } as const;
  try {
    // Nobody waits for the answer, so no Delete follows that could do what fails here.
    // @defence take-back-stubbornly: await release(attempt, acquired?.arn ?? declared.name, declared, reason)
    await retryAny(env, () => release(attempt, acquired?.arn ?? declared.name, declared, reason));
  } catch (error) {
    throw new RollbackIncomplete(error);
  }
}
