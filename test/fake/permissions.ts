import { NO_WINDOW, OWNERSHIP_TAG, RETURNED } from '../../src/private/contract';
import type { VirtualClock } from './clock';
import type { Coin } from './coin';
import type { Target } from './fake-secrets-manager';

/** What the template of the provider says about its role. */
export interface Policy {
  readonly region: string;
  readonly owners: ReadonlySet<string>;
  /** ARN of the stack whose secrets are managed whoever owns them; a star at the end stands for anything. */
  readonly holder: string;
  readonly restoreByName: ReadonlySet<string>;
  readonly adoptByName: ReadonlySet<string>;
  /** Whether the resource policies of held secrets may be seen and changed. */
  readonly protects: boolean;
  /** Names of the stacks whose state the role may see, with the stacks nested in them. */
  readonly sees: readonly string[] | 'every stack';
}

const MANAGE = new Set([
  'RestoreSecret',
  'UpdateSecret',
  'PutSecretValue',
  'TagResource',
  'UntagResource',
  'UpdateSecretVersionStage',
  'ReplicateSecretToRegions',
  'RemoveRegionsFromReplication',
  'DeleteSecret',
]);
const POLICIES = new Set(['GetResourcePolicy', 'PutResourcePolicy', 'DeleteResourcePolicy']);
const RESTORE_BY_NAME = new Set(['RestoreSecret', 'TagResource', 'UntagResource', 'DeleteSecret']);
const ADOPT_BY_NAME = new Set(['TagResource', 'UntagResource']);

/** The statements of the provider's role; a test compares this with the policy that the construct renders. */
export function permits(policy: Policy, action: string, target: Target): boolean {
  const { region, name, tags, requestTags, forced } = target;
  if (action === 'DescribeSecret' || action === 'GetRandomPassword') return true;
  if (region !== policy.region) return false;
  const owner = tags?.[OWNERSHIP_TAG.owner];
  const requestOwner = requestTags?.[OWNERSHIP_TAG.owner];
  if (action === 'CreateSecret') return requestOwner !== undefined && policy.owners.has(requestOwner);
  const stackId = tags?.[OWNERSHIP_TAG.stackId];
  const isHeld = stackId !== undefined && matches(policy.holder, stackId);
  if (forced) return action === 'DeleteSecret' && isHeld && tags?.[OWNERSHIP_TAG.recoveryWindow] === NO_WINDOW;
  if (POLICIES.has(action)) return policy.protects && isHeld;
  if (MANAGE.has(action)) {
    if (isHeld || (owner !== undefined && policy.owners.has(owner))) return true;
    if (tags?.[OWNERSHIP_TAG.origin] === RETURNED && tags[OWNERSHIP_TAG.previousStackId] === policy.holder) return true;
  }
  if (RESTORE_BY_NAME.has(action) && policy.restoreByName.has(name)) return true;
  return ADOPT_BY_NAME.has(action) && policy.adoptByName.has(name);
}

export function maySee({ sees }: Policy, stackName: string): boolean {
  return sees === 'every stack' || sees.some((name) => name === stackName || stackName.startsWith(`${name}-`));
}

function matches(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

/** A role whose policy changes; for some seconds after a change either policy may decide. */
export class Role {
  private policy?: Policy;
  private before?: Policy;
  private settledAt = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly coin: Coin,
    private readonly lags: boolean,
  ) {}

  get current(): Policy | undefined {
    return this.policy;
  }

  change(policy: Policy | undefined): void {
    this.before = this.policy;
    this.policy = policy;
    this.settledAt = this.lags ? this.clock.now + this.coin.between(0, 8) * 1_000 : 0;
  }

  may(action: string, target: Target): boolean {
    const policy = this.clock.now < this.settledAt && this.coin.flip() ? this.before : this.policy;
    return policy !== undefined && permits(policy, action, target);
  }
}
