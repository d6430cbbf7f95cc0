import { decideAcquisition } from '../../src/handler/decide/acquire';
import * as messages from '../../src/handler/messages';
import type { Tags } from '../../src/handler/model/ownership';
import { MAX_OTHER_TAGS } from '../../src/private/contract';
import { BANK, declared, existing, heldBy, requester, SCHEDULED, SHOP } from './existing-secret';
import { NAME } from './requests';

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/1111-2222';
const [OWN, FOREIGN] = [heldBy(requester('shop', 'Old')), heldBy(BANK)];
const NEVER = declared({ RestorePolicy: 'NEVER' });
const ADOPT = 'existingSecretPolicy: ExistingSecretPolicy.ADOPT';
const OWN_IT = 'to restore and own it set restorePolicy: RestorePolicy.ALWAYS, otherwise choose another secretName';
const TAKE_OVER = `to take it over set ${ADOPT}, otherwise choose another secretName`;

/** Every message with a secret's name, without `secret '…'`: what was found, that nothing was changed, and what to do. */
const OF_A_SECRET: [refused: messages.Refused, found: string, whatToDo: string][] = [
  [
    messages.refuseReplica(existing(OWN, { PrimaryRegion: 'us-east-1' })),
    'is the replica of a secret in us-east-1',
    'deploy to us-east-1, promote the replica with stop-replication-to-replica, or choose another secretName',
  ],
  [
    messages.refuseCrossAccount({ ...existing(OWN), sharedWithAccounts: ['210987654321', '109876543210'] }),
    'is replicated with account 210987654321, 109876543210, which this library does not manage',
    'end that replication, or choose another secretName',
  ],
  [messages.refuseManaged(existing(OWN, { OwningService: 'rds' })), 'is managed by rds', 'choose another secretName'],
  [
    messages.refuseScheduled(existing(FOREIGN, SCHEDULED), declared()),
    "is scheduled for deletion (deletion date 2027-03-04) and belongs to owner 'bank', not to 'shop'",
    OWN_IT,
  ],
  [
    messages.refuseScheduled(existing({}, SCHEDULED), declared()),
    'is scheduled for deletion (deletion date 2027-03-04) and belongs to no owner that this library knows, not to ' +
      "'shop'",
    OWN_IT,
  ],
  [
    messages.refuseScheduled(existing(OWN, SCHEDULED), NEVER),
    "is scheduled for deletion (deletion date 2027-03-04), belongs to owner 'shop', and restorePolicy is NEVER",
    'to restore it set restorePolicy: RestorePolicy.IF_OWNED, otherwise choose another secretName',
  ],
  [
    messages.refuseScheduled(existing(FOREIGN, SCHEDULED), NEVER),
    "is scheduled for deletion (deletion date 2027-03-04), belongs to owner 'bank', and restorePolicy is NEVER",
    'to restore it set restorePolicy: RestorePolicy.ALWAYS, otherwise choose another secretName',
  ],
  [
    messages.refuseLive(existing(FOREIGN), declared()),
    "exists already and belongs to owner 'bank', not to 'shop'",
    TAKE_OVER,
  ],
  [
    messages.refuseLive(existing({}), declared()),
    "exists already and belongs to no owner that this library knows, not to 'shop'",
    TAKE_OVER,
  ],
  [
    messages.refuseLive(existing(OWN), declared({ ExistingSecretPolicy: 'FAIL' })),
    'exists already and existingSecretPolicy is FAIL',
    TAKE_OVER,
  ],
  [
    messages.refuseHeldElsewhere(existing(FOREIGN)),
    `exists already, and resource Vault of stack ${BANK.stackId} holds it, as far as can be seen`,
    `remove it there first, with RemovalPolicy.RETAIN to keep it live, or set ${ADOPT}, otherwise choose another ` +
      'secretName',
  ],
  [
    messages.refuseHeldHere(existing(OWN)),
    'belongs to resource Old of this very stack, which stays in it',
    'give each secret a secretName of its own',
  ],
  [
    messages.refuseNative(existing(), BANK.stackId, 'Native'),
    `is still resource Native of stack ${BANK.stackId}, whose removal would delete it for good`,
    'deploy that resource with removalPolicy: RemovalPolicy.RETAIN, then remove it, then deploy this one again',
  ],
  [
    messages.refuseDeadKey(existing(OWN, { KmsKeyId: KEY }), 'Disabled'),
    `could not be read, because its KMS key ${KEY} is Disabled`,
    'take the key back (kms:CancelKeyDeletion, then kms:EnableKey) and deploy again',
  ],
  [
    messages.refuseTags(NAME, 47),
    `would have 47 tags beside those of this library, and ${MAX_OTHER_TAGS} is the most that fits into the 50 of AWS`,
    'take tags away and deploy again',
  ],
  [
    messages.refuseGone(declared()),
    'is gone for good, somebody deleted it without recovery',
    'to have a new one, remove it from the stack and deploy, then add it again, or change secretName',
  ],
  [
    messages.refuseBeingDeleted(existing(OWN, SCHEDULED)),
    'could not be restored, it is being deleted for good',
    'to have a new one, remove it from the stack and deploy, then add it again, or change secretName',
  ],
  [
    messages.refuseNotHeld(declared(), existing(FOREIGN).ownership),
    `is held by Vault in ${BANK.stackId} and belongs to owner 'bank'`,
    'remove it from this stack, which leaves the secret alone',
  ],
  [
    messages.refuseNotHeld(declared(), {}),
    'is held by nobody in no stack and belongs to no owner that this library knows',
    'remove it from this stack, which leaves the secret alone',
  ],
  ...([[{}, ADOPT] as const, [SCHEDULED, 'restorePolicy: RestorePolicy.ALWAYS'] as const] as const).map(
    ([more, optIn]): [messages.Refused, string, string] => [
      messages.refuseLostTags(existing({}, more), declared(), SHOP),
      'has lost the tags that say whose it is',
      `set ${optIn} and deploy again, or tag it with recoverable-secret:owner=shop, ` +
        `recoverable-secret:stack-id=${SHOP.stackId} and recoverable-secret:logical-id=Db`,
    ],
  ),
  [
    messages.refuseReplicaName(NAME, 'us-east-1'),
    'exists already in us-east-1 by itself, so that no replica can be there',
    'choose another secretName, or take us-east-1 out of replicaRegions',
  ],
];

test.each(OF_A_SECRET)(
  'a refusal says in one line what it found, and what to do: %#',
  ({ action, reason }, found, whatToDo) => {
    expect(action).toBe('refuse');
    expect(reason).toBe(`secret '${NAME}' ${found}; nothing was changed; ${whatToDo}`);
    expect(reason.length).toBeLessThan(500);
  },
);

test.each([
  [
    messages.refuseRegion(NAME, 'eu-west-9', 'AccessDeniedException'),
    `the replica of secret '${NAME}' in eu-west-9 could not be managed, because Secrets Manager there answers ` +
      'AccessDeniedException; nothing was changed; enable the region, allow secretsmanager:DescribeSecret in it, or ' +
      'take eu-west-9 out of replicaRegions',
  ],
  [
    messages.refuseNoName(),
    'secretName is empty, a condition took it away; nothing was changed; give the secret a name in every case',
  ],
  [
    messages.refuseTemplateWithoutKey(),
    'secretStringTemplate and generateStringKey must be given together; nothing was changed',
  ],
  [messages.refuseTemplate(), 'secretStringTemplate must be a JSON object; nothing was changed'],
  [messages.refuseStale(), 'this request is out of date, CloudFormation is done with it; nothing was changed'],
  [messages.refuseWithdrawn(), 'CloudFormation withdrew this request; what it had done was undone'],
])('a refusal of what is no secret yet: %#', ({ reason }, expected) => {
  expect(reason).toBe(expected);
});

// Following the advice must lead on, not to the next refusal.
test.each<[string, string, Tags]>([
  ['scheduled', 'IF_OWNED', FOREIGN],
  ['scheduled', 'IF_OWNED', {}],
  ['scheduled', 'NEVER', FOREIGN],
  ['scheduled', 'NEVER', OWN],
  ['live', 'ADOPT_IF_OWNED', FOREIGN],
  ['live', 'ADOPT_IF_OWNED', {}],
  ['live', 'FAIL', FOREIGN],
  ['live', 'FAIL', OWN],
])('a refusal is lifted by what it advises: %s with %s', (state, policy, tags) => {
  const [property, found] =
    state === 'live' ? ['ExistingSecretPolicy', existing(tags)] : ['RestorePolicy', existing(tags, SCHEDULED)];
  const decide = (value?: string) => decideAcquisition(found, declared({ [property]: value }), SHOP, 'forward');
  const refused = decide(policy) as messages.Refused;
  expect(refused.action).toBe('refuse');
  const [, advised] = /Policy: (?:RestorePolicy|ExistingSecretPolicy)\.(\w+)/.exec(refused.reason) ?? [];
  expect(decide(advised).action).toBe(state === 'live' ? 'adopt' : 'restore');
});
