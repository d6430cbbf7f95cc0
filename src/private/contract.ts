/**
 * What the construct writes into the template and the handler reads from it, and the tags by which every version of the
 * handler knows a secret again.
 *
 * Shared by both sides, so it imports nothing. Templates and tags of today reach every later version of the handler:
 * something may be added here, but never renamed or given another meaning.
 */

/** The CloudFormation type that a recoverable secret has in the template. */
export const RECOVERABLE_SECRET_TYPE = 'Custom::RecoverableSecret';

/** Keys of the tags that say who holds a secret. */
export const OWNERSHIP_TAG = {
  /** Who may restore, change and delete the secret; IAM checks it. */
  owner: 'recoverable-secret:owner',
  /** The stack that holds the secret now; IAM checks it. */
  stackId: 'recoverable-secret:stack-id',
  /** The resource of that stack. */
  logicalId: 'recoverable-secret:logical-id',
  /** How that resource came by the secret: outcome, id of the request that did it, and when that was sent. */
  origin: 'recoverable-secret:origin',
  /** The request that restored the secret, which an overlapping delivery of it must not turn into an adoption. */
  restoredBy: 'recoverable-secret:restored-by',
  /** The recovery window that the template asks for: days, or `none` for a deletion for good, which IAM checks. */
  recoveryWindow: 'recoverable-secret:recovery-window',
  /** Whether a policy of the function keeps everybody from a deletion for good, and whether one did before the holder came. */
  purgeProtection: 'recoverable-secret:purge-protection',
  /** Regions whose replicas somebody has begun to take away, and must see gone before the secret may go. */
  leavingReplicas: 'recoverable-secret:leaving-replicas',
  /** Who held it before, for the rollback of a take-over. Present only after one. */
  previousOwner: 'recoverable-secret:previous-owner',
  previousStackId: 'recoverable-secret:previous-stack-id',
  previousLogicalId: 'recoverable-secret:previous-logical-id',
} as const;

/** Prefix of every tag key that belongs to this library. */
export const OWNERSHIP_TAG_PREFIX = 'recoverable-secret:';

/** In place of an outcome in `origin`: the secret was given back, and the tags of the holder before count. */
export const RETURNED = 'RETURNED';

/** In place of days in `recovery-window`. */
export const NO_WINDOW = 'none';

/** How the statement below is known again: in a policy of the function, and in one of the template. */
export const PURGE_DENIAL_SID = {
  function: 'RecoverableSecretPurgeProtection',
  template: 'RecoverableSecretPurgeProtectionOfTemplate',
} as const;

/** The statement of a secret's resource policy by which nobody can delete it for good. */
export const PURGE_DENIAL = {
  Effect: 'Deny',
  Principal: '*',
  Action: 'secretsmanager:DeleteSecret',
  Resource: '*',
  Condition: { Bool: { 'secretsmanager:ForceDeleteWithoutRecovery': 'true' } },
} as const;

/** What AWS allows for each secret; those that begin with `aws:` do not count. */
export const MAX_TAGS = 50;

/** What is left of that for everybody else's tags. */
export const MAX_OTHER_TAGS = MAX_TAGS - Object.keys(OWNERSHIP_TAG).length;

/** How the calls of this library name themselves in their user agent, after `app/`, and so in CloudTrail. */
export const USER_AGENT_APP_ID = 'cdk-recoverable-secret';

/** Lower and upper bound of a recovery window, and what applies when none is given; days. */
export const RECOVERY_WINDOW = { min: 7, max: 30, default: 30 } as const;

/** How long CloudFormation waits: the function may run three times in full, with Lambda's pauses in between. */
export const SERVICE_TIMEOUT_SECONDS = 2100;

export type RestorePolicyValue = 'IF_OWNED' | 'ALWAYS' | 'NEVER';
export type ExistingSecretPolicyValue = 'ADOPT_IF_OWNED' | 'ADOPT' | 'FAIL';
export type GeneratedValueValue = 'KEEP' | 'REGENERATE';
/** `WHILE_SCHEDULED`: while the secret is live, a policy of the template does it. */
export type PurgeProtectionValue = 'NONE' | 'ALWAYS' | 'WHILE_SCHEDULED';
export type Outcome = 'CREATED' | 'RESTORED' | 'ADOPTED';

/**
 * The properties that join those of `AWS::SecretsManager::Secret`. CloudFormation delivers each as a string. What is
 * not written has its default.
 */
export interface RecoveryProperties {
  /** Default: the name of the stack. */
  readonly Owner: string;
  /** Default: 30. */
  readonly RecoveryWindowInDays: string;
  /** Default: false. */
  readonly ForceDeleteWithoutRecovery: 'true' | 'false';
  /** Default: IF_OWNED. */
  readonly RestorePolicy: RestorePolicyValue;
  /** Default: ADOPT_IF_OWNED. */
  readonly ExistingSecretPolicy: ExistingSecretPolicyValue;
  /** Default: KEEP. */
  readonly RestoredValue: GeneratedValueValue;
  /** Default: REGENERATE. */
  readonly UpdatedValue: GeneratedValueValue;
  /** Default: NONE. */
  readonly PurgeProtection: PurgeProtectionValue;
}

/** What a template says of them; undefined is not in it. */
export type RecoverySettings = {
  readonly [Property in keyof RecoveryProperties]: RecoveryProperties[Property] | undefined;
};
