/**
 * What the construct writes into the template and the handler reads from it.
 *
 * Shared by both sides, so it imports nothing. Templates that are deployed today reach every later version of
 * the handler: a property may be added here, but never renamed or given another meaning.
 */

/** The CloudFormation type that a recoverable secret has in the template. */
export const RECOVERABLE_SECRET_TYPE = 'Custom::RecoverableSecret';

/** Keys of the tags that say who holds a secret. */
export const OWNERSHIP_TAG = {
  /** Who may restore, change and delete the secret; IAM checks it. */
  owner: 'recoverable-secret:owner',
  /** The stack that holds the secret now. */
  stackId: 'recoverable-secret:stack-id',
  /** The resource of that stack. */
  logicalId: 'recoverable-secret:logical-id',
  /** How that resource came by the secret, and the id of the CloudFormation request that did it. */
  origin: 'recoverable-secret:origin',
  /** The request that restored the secret, which an overlapping delivery of it must not turn into an adoption. */
  restoredBy: 'recoverable-secret:restored-by',
  /** The last update that set out to write a value, whose id is the id of the version, and when it did. */
  valueUpdate: 'recoverable-secret:value-update',
  /** Regions whose undeclared replicas a removal has begun to take away, and must see gone before the secret may go. */
  leavingReplicas: 'recoverable-secret:leaving-replicas',
  /** Who held it before, for the rollback of a take-over. Present only after one. */
  previousOwner: 'recoverable-secret:previous-owner',
  previousStackId: 'recoverable-secret:previous-stack-id',
  previousLogicalId: 'recoverable-secret:previous-logical-id',
} as const;

/** In place of an outcome in `origin`: the secret was given back, and the tags of the holder before count. */
export const RETURNED = 'RETURNED';

/** Prefix of every tag key that belongs to this library. */
export const OWNERSHIP_TAG_PREFIX = 'recoverable-secret:';

/** How the calls of this library name themselves in their user agent, after `app/`, and so in CloudTrail. */
export const USER_AGENT_APP_ID = 'cdk-recoverable-secret';

/** Of the 50 tags that AWS allows for a secret, those that a template may declare: the rest is for the ownership tags. */
export const MAX_DECLARED_TAGS = 41;

/** Lower and upper bound of a recovery window, and what applies when none is given; days. */
export const RECOVERY_WINDOW = { min: 7, max: 30, default: 30 } as const;

/** How long CloudFormation waits: the function may run three times in full, with Lambda's pauses in between. */
export const SERVICE_TIMEOUT_SECONDS = 2100;

export type RestorePolicyValue = 'IF_OWNED' | 'ALWAYS' | 'NEVER';
export type ExistingSecretPolicyValue = 'ADOPT_IF_OWNED' | 'ADOPT' | 'FAIL';
export type RestoredValueValue = 'KEEP' | 'REGENERATE';
export type Outcome = 'CREATED' | 'RESTORED' | 'ADOPTED';

/** The properties that join those of `AWS::SecretsManager::Secret`. CloudFormation delivers each as a string. */
export interface RecoveryProperties {
  readonly Owner: string;
  readonly RecoveryWindowInDays: string;
  readonly ForceDeleteWithoutRecovery: 'true' | 'false';
  readonly RestorePolicy: RestorePolicyValue;
  readonly ExistingSecretPolicy: ExistingSecretPolicyValue;
  readonly RestoredValue: RestoredValueValue;
}
