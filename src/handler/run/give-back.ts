import { OWNERSHIP_TAG } from '../../private/contract';
import { tag, untag } from '../aws/secrets';
import { isDenied } from '../errors';
import { type Holder, ownerTag, returnTo, tagsBefore } from '../model/ownership';
import type { ExistingSecret } from '../model/secret';
import type { Attempt } from './attempt';

/**
 * Gives an adopted secret back, with the tags that it had before; where this stack has no right to do that any more,
 * with those that at least say whose it is.
 */
export async function giveBack({ env }: Attempt, { arn }: ExistingSecret, previous: Holder): Promise<undefined> {
  const { set, remove: keys } = tagsBefore(previous);
  // @defence owner-off-first
  if (!previous.owner) await untag(env, arn, [OWNERSHIP_TAG.owner]);
  // Secrets Manager refuses a change of tags by which the caller would lose its permissions.
  // @defence give-back-denied: await tag(env, arn, { ...set, ...returnTo(previous) }); const all = true
  const all = await unlessDenied(() => tag(env, arn, { ...set, ...returnTo(previous) }));
  if (!all) await tag(env, arn, returnTo(previous));
  // @defence clean-up-denied: await untag(env, arn, keys); const clean = true
  const clean = all && (await unlessDenied(() => untag(env, arn, keys)));
  if (!clean) env.log({ step: 'given back', secret: arn, why: 'some tags of the take-over stay' });
}

async function unlessDenied(call: () => Promise<void>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (isDenied(error)) return false;
    throw error;
  }
}

/** Only the owner: the other tags are what still permits this stack to schedule the secret afterwards. */
export async function giveBackOwner({ env }: Attempt, { arn }: ExistingSecret, previous: Holder): Promise<void> {
  if (previous.owner) await tag(env, arn, ownerTag(previous));
  else await untag(env, arn, [OWNERSHIP_TAG.owner]);
}
