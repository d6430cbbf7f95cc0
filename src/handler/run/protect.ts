import { OWNERSHIP_TAG } from '../../private/contract';
import { policyOf, putPolicy, removePolicy } from '../aws/policies';
import { STATE_LAG, type Transient } from '../aws/retry';
import { tag, untag } from '../aws/secrets';
import { errorName, isDenied } from '../errors';
import { failProtection } from '../messages';
import {
  endedProtection,
  isProtected,
  OWN_POLICY,
  type PolicyFound,
  PROTECTED,
  type Protection,
  policyFound,
} from '../model/purge-protection';
import type { ExistingSecret } from '../model/secret';
import type { Attempt } from './attempt';
import { assertHolder, type Seen, unlessChanged } from './seen';

/*
 * Keeps everybody from deleting a secret for good. A policy that is not the function's is neither overwritten nor removed.
 */

type StillMine = () => Promise<boolean>;
type Protectable = Pick<ExistingSecret, 'arn' | 'name' | 'tags'>;

/** Where the template does not ask for protection, the role may never get the permission. */
function patience({ declared }: Attempt): Transient {
  return declared.purgeProtection === 'NONE' ? { ...STATE_LAG, AccessDeniedException: 15_000 } : STATE_LAG;
}

/** Brings the policy of a live secret to what was declared. */
export async function protectLive(attempt: Attempt, secret: Protectable, wanted: Protection): Promise<void> {
  // The permission to look may take long to arrive, and meanwhile the secret come into other hands.
  // @defence protects-what-is-mine: const stillMine = async () => true
  const stillMine = () => assertHolder(attempt, secret.arn, secret.tags).then(() => true);
  switch (wanted) {
    case undefined:
      return;
    case 'off':
      return endProtection(attempt, secret, stillMine);
    case 'by template':
      await takeOff(attempt, secret, stillMine);
      return;
    case 'on':
      return protectOrFail(attempt, secret, stillMine);
  }
}

async function protectOrFail(attempt: Attempt, secret: Protectable, stillMine: StillMine): Promise<void> {
  try {
    if ((await protect(attempt, secret, stillMine)) === 'foreign') throw failProtection(secret);
  } catch (error) {
    // @defence rollback-unprotected: throw error
    if (!(await attempt.isRollback())) throw error;
    logUnprotected(attempt, secret, errorName(error));
  }
}

/** Leaves a secret that is let go of protected, or not. A policy that stands in the way does not keep it. */
export async function protectReleased(attempt: Attempt, seen: Seen, wanted: Protection): Promise<void> {
  const { env } = attempt;
  const { secret } = seen;
  const { arn, tags } = secret;
  // If not, the look that follows decides what is done instead.
  // @defence protects-what-it-lets-go-of: const stillMine = async () => true
  const stillMine = async () => (await unlessChanged(attempt, seen)) === undefined;
  if (wanted === 'off') {
    await takeOff(attempt, secret, stillMine);
    if (await stillMine()) await untag(env, arn, [OWNERSHIP_TAG.purgeProtection]);
    return;
  }
  if (wanted === undefined) return;
  try {
    if (!isProtected(tags)) await tag(env, arn, PROTECTED);
    if ((await protect(attempt, secret, stillMine)) === 'foreign')
      logUnprotected(attempt, secret, 'it has a policy of its own');
  } catch (error) {
    // @defence schedule-unprotected: throw error
    if (!isDenied(error)) throw error;
    logUnprotected(attempt, secret, errorName(error));
  }
}

async function protect(attempt: Attempt, secret: Protectable, stillMine: StillMine): Promise<PolicyFound> {
  const { env } = attempt;
  const found = policyFound(await policyOf(env, secret.arn, patience(attempt)));
  // @defence adds-no-second-policy: await putPolicy(env, secret.arn, OWN_POLICY)
  if (found === 'none' && (await stillMine())) await putPolicy(env, secret.arn, OWN_POLICY);
  return found;
}

/** The tag goes last: it is what a second delivery knows the policy by. */
async function endProtection(attempt: Attempt, secret: Protectable, stillMine: StillMine): Promise<void> {
  const { env } = attempt;
  if (!(await takeOff(attempt, secret, stillMine))) return;
  const ended = endedProtection(secret.tags);
  await tag(env, secret.arn, ended);
  if (Object.keys(ended).length === 0) await untag(env, secret.arn, [OWNERSHIP_TAG.purgeProtection]);
}

/** @returns false without the permission */
async function takeOff(attempt: Attempt, { arn }: Protectable, stillMine: StillMine): Promise<boolean> {
  const { env } = attempt;
  try {
    const found = policyFound(await policyOf(env, arn, patience(attempt)));
    // @defence takes-off-own-policy: await removePolicy(env, arn)
    if (found === 'own' && (await stillMine())) await removePolicy(env, arn);
    return true;
  } catch (error) {
    // @defence protection-stays: throw error
    if (!isDenied(error)) throw error;
    env.log({ step: 'protection stays', secret: arn, error: errorName(error) });
    return false;
  }
}

function logUnprotected({ env }: Attempt, { arn }: Protectable, why: string): void {
  env.log({ step: 'not protected', secret: arn, why });
}
