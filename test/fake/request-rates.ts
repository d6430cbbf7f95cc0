import type { VirtualClock } from './clock';
import { throttled } from './service-error';

/**
 * Requests a second that AWS takes in an account and region. Operations that share a quota are listed together. From
 * the quotas page of the Secrets Manager guide, but for the first three rows of 50, which are believed, and for
 * CloudFormation's, which AWS does not publish: a guess on the low side.
 */
const QUOTAS: readonly { readonly operations: readonly string[]; readonly perSecond: number }[] = [
  { operations: ['CreateSecret'], perSecond: 50 },
  { operations: ['DeleteSecret'], perSecond: 50 },
  { operations: ['GetRandomPassword'], perSecond: 50 },
  { operations: ['RestoreSecret'], perSecond: 50 },
  { operations: ['TagResource', 'UntagResource'], perSecond: 50 },
  {
    operations: [
      'PutSecretValue',
      'RemoveRegionsFromReplication',
      'ReplicateSecretToRegions',
      'UpdateSecret',
      'UpdateSecretVersionStage',
    ],
    perSecond: 50,
  },
  { operations: ['DescribeSecret'], perSecond: 10_000 },
  {
    operations: ['DescribeStackResource', 'DescribeStackEvents', 'DescribeStacks', 'DescribeChangeSet'],
    perSecond: 10,
  },
];

/** Refuses what goes beyond the quotas, as AWS does: a bucket for each that holds the requests of one second. */
export class RequestRates {
  /** How many requests were taken, and how many were refused. */
  taken = 0;
  refused = 0;
  private readonly buckets = QUOTAS.map(({ operations, perSecond }) => ({
    operations,
    perSecond,
    tokens: perSecond,
    filledAt: 0,
  }));

  constructor(private readonly clock: VirtualClock) {}

  /** Takes a request, or throws what the service answers when there are too many. */
  admit(operation: string): void {
    const bucket = this.buckets.find(({ operations }) => operations.includes(operation));
    if (!bucket) throw new Error(`no quota is known for ${operation}`);
    const seconds = (this.clock.now - bucket.filledAt) / 1_000;
    bucket.tokens = Math.min(bucket.perSecond, bucket.tokens + seconds * bucket.perSecond);
    bucket.filledAt = this.clock.now;
    if (bucket.tokens < 1) {
      this.refused += 1;
      throw throttled();
    }
    bucket.tokens -= 1;
    this.taken += 1;
  }
}
