import type {
  CreateSecretCommandInput,
  DeleteResourcePolicyCommandInput,
  DeleteSecretCommandInput,
  DescribeSecretResponse,
  GetRandomPasswordCommandInput,
  GetResourcePolicyCommandInput,
  PutResourcePolicyCommandInput,
  PutSecretValueCommandInput,
  RemoveRegionsFromReplicationCommandInput,
  ReplicateSecretToRegionsCommandInput,
  SecretsManagerClient,
  Tag,
  TagResourceCommandInput,
  UntagResourceCommandInput,
  UpdateSecretCommandInput,
  UpdateSecretVersionStageCommandInput,
} from '@aws-sdk/client-secrets-manager';
import { policyFound } from '../../src/handler/model/purge-protection';
import { DAY, SECOND, type VirtualClock } from './clock';
import type { Coin } from './coin';
import type { Facts } from './facts';
import { currentValue, makeCurrent, type SecretRecord, type StateName, stateOf } from './secret-record';
import * as errors from './service-error';

export const ACCOUNT = '111122223333';

type Tags = Readonly<Record<string, string>>;

/** What a call is about, as far as a policy can look at it. */
export interface Target {
  readonly region: string;
  readonly name: string;
  /** Tags of the secret; undefined when there is none. */
  readonly tags?: Tags;
  /** Tags that the call itself brings along. */
  readonly requestTags?: Tags;
  /** Whether the call is one that deletes without recovery. */
  readonly forced?: boolean;
}

/** Who calls. */
export interface Caller {
  readonly name: string;
  may(action: string, target: Target): boolean;
  /** When the call that is under way was first tried; at once where nothing is said. */
  since?(): number;
  /** When the call before it was, where that has restored the secret. */
  restoringSince?(): number | undefined;
  /** Lets the call travel: it takes time, and it can go wrong before and after its effect. */
  travel<T>(operation: string, input: unknown, effect: () => T): Promise<T>;
}

/** A change of a secret, and who made it. */
export interface Change {
  readonly at: number;
  /** When the call was first tried: what the caller had seen of the secret it had seen before. */
  readonly since: number;
  /** When the call before it was first tried, where that has restored the secret and this one claims it. */
  readonly restoringSince?: number;
  readonly by: string;
  readonly operation: string;
  readonly record: SecretRecord;
  readonly forced: boolean;
  /** The tags after the change. */
  readonly tags: Tags;
}

/** A change of a secret's resource policy, and who made it. */
export interface PolicyChange {
  readonly at: number;
  /** When whoever made it began to try. */
  readonly since: number;
  readonly by: string;
  readonly record: SecretRecord;
  readonly before?: string;
  readonly after?: string;
  /** The tags at that time. */
  readonly tags: Tags;
}

/** What others may still see for a moment. */
interface Memory {
  readonly until: number;
  readonly state: StateName | 'absent';
}

type Operation = (input: never, region: string, caller: Caller) => unknown;

/** Somebody with every permission, whose calls arrive at once. */
export const ADMINISTRATOR: Caller = {
  name: 'administrator',
  may: () => true,
  travel: async (_operation, _input, effect) => effect(),
};

/** AWS Secrets Manager of one account, in memory. */
export class FakeSecretsManager {
  /** Every secret that ever was, in the order of creation. */
  readonly records: SecretRecord[] = [];
  readonly changes: Change[] = [];
  readonly policyChanges: PolicyChange[] = [];
  /** Every deletion without recovery that somebody tried. */
  readonly forcings: Pick<Change, 'by' | 'record' | 'tags'>[] = [];
  /** Every value that the service ever got or gave out. */
  readonly values = new Set<string>();
  /** States of KMS keys; a key that is not listed works. */
  readonly keyStates = new Map<string, string>();
  /** Regions that the account has left. */
  readonly regionsLeft = new Set<string>();

  private readonly regions = new Map<string, Map<string, SecretRecord>>();
  private readonly memories = new Map<SecretRecord, Memory>();
  private passwords = 0;

  private readonly operations: Record<string, Operation> = {
    CreateSecret: this.create,
    DescribeSecret: this.describe,
    GetSecretValue: this.getValue,
    GetRandomPassword: this.randomPassword,
    PutSecretValue: this.putValue,
    UpdateSecret: this.update,
    UpdateSecretVersionStage: this.moveStage,
    TagResource: this.tag,
    UntagResource: this.untag,
    RestoreSecret: this.restore,
    DeleteSecret: this.delete,
    GetResourcePolicy: this.getPolicy,
    PutResourcePolicy: this.putPolicy,
    DeleteResourcePolicy: this.deletePolicy,
    ReplicateSecretToRegions: this.replicate,
    RemoveRegionsFromReplication: this.stopReplication,
  };

  constructor(
    private readonly clock: VirtualClock,
    private readonly coin: Coin,
    private readonly facts: Facts,
  ) {}

  /** A client for the region; what it sends goes through `caller`. */
  client(region: string, caller: Caller = ADMINISTRATOR): SecretsManagerClient {
    const send = (command: { input: unknown }) => {
      const name = command.constructor.name.replace(/Command$/, '');
      const operation = this.operations[name];
      if (!operation) throw new Error(`the fake does not know ${name}`);
      return caller.travel(name, command.input, () => {
        if (this.regionsLeft.has(region)) throw errors.regionIsOff();
        return operation.call(this, command.input as never, region, caller);
      });
    };
    return { send } as unknown as SecretsManagerClient;
  }

  /** What a rotation does first: the next value is pending, until it is known to work. */
  beginRotation(region: string, name: string, value: string): void {
    const record = this.named(region, name);
    if (!record || stateOf(record) !== 'live' || record.replicaOf) throw errors.notFound();
    for (const { stages } of record.versions.values()) stages.delete('AWSPENDING');
    record.versions.set(this.makeToken(), { value, stages: new Set(['AWSPENDING']) });
  }

  /** Whether something is in the way that only a person can take away: a dead key, or a replication between accounts. */
  get obstructed(): boolean {
    return this.keyStates.size > 0 || this.records.some(({ sharedWith, gone }) => sharedWith !== undefined && !gone);
  }

  /** The secret that has the name now. */
  named(region: string, name: string): SecretRecord | undefined {
    return this.regions.get(region)?.get(name);
  }

  // Operations. Each first asks whether the caller may, as the service does, and then looks at the state.

  private create(input: CreateSecretCommandInput, region: string, caller: Caller) {
    const name = input.Name ?? '';
    const requestTags = tagRecord(input.Tags);
    this.authorize(caller, 'CreateSecret', { region, name, requestTags });
    // What the request brings counts as the tags of the secret while it is made.
    if (input.Tags) this.authorize(caller, 'TagResource', { region, name, tags: requestTags, requestTags });
    if (!/^[\w/+=.@!-]+$/.test(name)) {
      throw new errors.ServiceError('ValidationException', 'Invalid name.');
    }
    const token = input.ClientRequestToken ?? this.makeToken();
    const existing = this.named(region, name);
    if (existing) return this.createAgain(existing, token, input.SecretString);
    this.assertKeyUsable(input.KmsKeyId);
    assertNoReservedTag(Object.keys(requestTags));
    const record: SecretRecord = {
      region,
      name,
      arn: `arn:aws:secretsmanager:${region}:${ACCOUNT}:secret:${name}-${this.suffix()}`,
      description: input.Description ?? '',
      kmsKeyId: input.KmsKeyId,
      tags: { ...requestTags },
      everTagged: input.Tags !== undefined,
      versions: new Map(),
      replicas: new Map(),
    };
    this.addVersion(record, token, input.SecretString);
    this.place(record);
    this.memories.set(record, { until: this.lagEnd(), state: 'absent' });
    this.note(caller, 'CreateSecret', record);
    if (input.AddReplicaRegions) this.startReplication(record, input.AddReplicaRegions);
    return { ARN: record.arn, Name: name, VersionId: input.SecretString === undefined ? undefined : token };
  }

  private createAgain(existing: SecretRecord, token: string, value: string | undefined) {
    const state = stateOf(existing);
    if (state === 'being deleted' && this.facts.saysWasDeleted) throw errors.wasDeleted();
    if (state !== 'live') throw errors.nameIsScheduled();
    const version = existing.versions.get(token);
    if (version && version.value === value) return { ARN: existing.arn, Name: existing.name, VersionId: token };
    throw version ? errors.tokenInUse(token, existing.arn) : errors.nameExists(existing.name);
  }

  private describe({ SecretId }: { SecretId?: string }, region: string, caller: Caller) {
    const record = this.find(region, SecretId);
    this.authorize(caller, 'DescribeSecret', target(region, SecretId, record));
    if (!record) throw errors.notFound();
    const past = this.pastOf(record);
    if (past?.state === 'absent') throw errors.notFound();
    if (this.facts.forgetsBeingDeleted && stateOf(record) === 'being deleted') throw errors.notFound();
    const described = this.description(record);
    if (past) {
      described.DeletedDate = past.state === 'live' ? undefined : (described.DeletedDate ?? new Date(this.clock.now));
    }
    return described;
  }

  private getValue({ SecretId }: { SecretId?: string }, region: string, caller: Caller) {
    const record = this.usable(caller, 'GetSecretValue', region, SecretId);
    this.assertKeyUsable(record.kmsKeyId);
    const current = currentValue(record);
    if (current === undefined) {
      throw new errors.ServiceError(
        'ResourceNotFoundException',
        "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
      );
    }
    return { ARN: record.arn, Name: record.name, SecretString: current };
  }

  private randomPassword(input: GetRandomPasswordCommandInput, region: string, caller: Caller) {
    this.authorize(caller, 'GetRandomPassword', { region, name: '*' });
    const password = `${VALUE_MARK}${++this.passwords}"\\ü`.padEnd(input.PasswordLength ?? 32, 'x');
    this.values.add(password);
    return { RandomPassword: password };
  }

  private putValue(input: PutSecretValueCommandInput, region: string, caller: Caller) {
    const record = this.changeable(caller, 'PutSecretValue', region, input.SecretId);
    this.assertKeyUsable(record.kmsKeyId);
    const token = input.ClientRequestToken ?? this.makeToken();
    const version = record.versions.get(token);
    if (version && version.value !== input.SecretString) throw errors.tokenInUse(token, record.arn);
    if (!version) {
      this.addVersion(record, token, input.SecretString);
      this.note(caller, 'PutSecretValue', record);
    }
    return { ARN: record.arn, Name: record.name, VersionId: token };
  }

  private update(input: UpdateSecretCommandInput, region: string, caller: Caller) {
    const record = this.changeable(caller, 'UpdateSecret', region, input.SecretId);
    if (input.SecretString !== undefined) throw new Error('values are written with PutSecretValue');
    if (input.KmsKeyId) this.assertKeyUsable(input.KmsKeyId);
    // Versions are encrypted again, which needs the old key as well.
    if (input.KmsKeyId !== undefined && record.versions.size > 0) this.assertKeyUsable(record.kmsKeyId);
    if (input.Description !== undefined) record.description = input.Description;
    if (input.KmsKeyId !== undefined) record.kmsKeyId = input.KmsKeyId || undefined;
    this.note(caller, 'UpdateSecret', record);
    return { ARN: record.arn, Name: record.name };
  }

  private moveStage(input: UpdateSecretVersionStageCommandInput, region: string, caller: Caller) {
    const record = this.changeable(caller, 'UpdateSecretVersionStage', region, input.SecretId);
    const to = input.MoveToVersionId ?? '';
    const from = input.RemoveFromVersionId ?? '';
    const label = input.VersionStage ?? '';
    if (label !== 'AWSCURRENT' && (input.MoveToVersionId === undefined || record.versions.has(to))) {
      record.versions.get(from)?.stages.delete(label);
      record.versions.get(to)?.stages.add(label);
      if (record.versions.get(from)?.stages.size === 0 && this.facts.purgesVersions) record.versions.delete(from);
      this.note(caller, 'UpdateSecretVersionStage', record);
      return { ARN: record.arn, Name: record.name };
    }
    if (!record.versions.has(to)) {
      throw new errors.ServiceError('InvalidParameterException', 'No such version.');
    }
    if (!record.versions.get(to)?.stages.has('AWSCURRENT')) {
      if (!record.versions.get(from)?.stages.has('AWSCURRENT')) {
        throw new errors.ServiceError(
          'InvalidParameterException',
          `The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to another ` +
            'version, so you must explicitly reference that version in RemoveFromVersionId.',
        );
      }
      makeCurrent(record, to, this.facts.purgesVersions);
      this.note(caller, 'UpdateSecretVersionStage', record);
    }
    return { ARN: record.arn, Name: record.name };
  }

  private tag(input: TagResourceCommandInput, region: string, caller: Caller) {
    const requestTags = tagRecord(input.Tags);
    const record = this.changeable(caller, 'TagResource', region, input.SecretId, requestTags);
    assertNoReservedTag(Object.keys(requestTags));
    const tags = { ...record.tags, ...requestTags };
    this.assertNoLockout(caller, 'TagResource', record, tags, requestTags);
    record.tags = tags;
    record.everTagged = true;
    this.note(caller, 'TagResource', record);
    return {};
  }

  private untag(input: UntagResourceCommandInput, region: string, caller: Caller) {
    const record = this.changeable(caller, 'UntagResource', region, input.SecretId);
    const keys = input.TagKeys ?? [];
    assertNoReservedTag(keys);
    const tags = Object.fromEntries(Object.entries(record.tags).filter(([key]) => !keys.includes(key)));
    this.assertNoLockout(caller, 'UntagResource', record, tags);
    record.tags = tags;
    this.note(caller, 'UntagResource', record);
    return {};
  }

  private restore({ SecretId }: { SecretId?: string }, region: string, caller: Caller) {
    const record = this.find(region, SecretId);
    this.authorize(caller, 'RestoreSecret', target(region, SecretId, record));
    if (!record || this.pastOf(record)?.state === 'absent') throw errors.notFound();
    if (record.replicaOf) throw errors.isReplica();
    const state = stateOf(record);
    if (state === 'being deleted') throw this.facts.saysWasDeleted ? errors.wasDeleted() : errors.notFound();
    if (state === 'live' && this.facts.restoreOfLiveFails) {
      throw new errors.ServiceError('InvalidRequestException', 'The secret is not scheduled for deletion.');
    }
    if (state === 'scheduled') {
      this.remember(record);
      record.deletion = undefined;
      if (this.facts.restoreDropsPolicy) record.policy = undefined;
      this.note(caller, 'RestoreSecret', record);
    }
    return { ARN: record.arn, Name: record.name };
  }

  private delete(input: DeleteSecretCommandInput, region: string, caller: Caller) {
    const record = this.find(region, input.SecretId);
    const forced = input.ForceDeleteWithoutRecovery ?? false;
    if (forced && record) this.forcings.push({ by: caller.name, record, tags: record.tags });
    this.authorize(caller, 'DeleteSecret', { ...target(region, input.SecretId, record), forced });
    const days = input.RecoveryWindowInDays;
    if (forced && days !== undefined) throw errors.windowAndForce();
    if (days !== undefined && (days < 7 || days > 30)) throw errors.windowOutOfRange();
    if (!record || this.pastOf(record)?.state === 'absent') {
      if (!forced) throw errors.notFound();
      return { Name: input.SecretId, DeletionDate: new Date(this.clock.now) };
    }
    if (record.replicaOf) throw errors.isReplica();
    if (record.owningService) throw errors.isManaged(record.owningService);
    if (record.sharedWith) throw errors.isShared(record.sharedWith);
    if (record.replicas.size > 0) throw errors.hasReplicas(record.arn, [...record.replicas.keys()]);
    const state = stateOf(record);
    const isProtected = ['own', 'protecting'].includes(policyFound(record.policy));
    const counts = state === 'live' || !this.facts.ignoresPolicyOfScheduled;
    if (forced && (this.facts.forbidsForce || (isProtected && counts))) {
      throw errors.accessDenied('DeleteSecret', record.name);
    }
    if (state === 'being deleted') throw errors.wasDeleted();
    if (state === 'scheduled' && !forced) {
      if (!this.facts.deletesTwice) throw errors.markedForDeletion();
      if (!this.facts.deletionDateMoves) return { ARN: record.arn, Name: record.name };
    }
    this.remember(record);
    this.startDeletion(record, forced, days ?? 30);
    this.note(caller, 'DeleteSecret', record, forced);
    return { ARN: record.arn, Name: record.name, DeletionDate: new Date(record.deletion?.endsAt ?? 0) };
  }

  private getPolicy({ SecretId }: GetResourcePolicyCommandInput, region: string, caller: Caller) {
    const record = this.usable(caller, 'GetResourcePolicy', region, SecretId);
    return { ARN: record.arn, Name: record.name, ResourcePolicy: record.policy };
  }

  private putPolicy(input: PutResourcePolicyCommandInput, region: string, caller: Caller) {
    const record = this.changeable(caller, 'PutResourcePolicy', region, input.SecretId);
    this.setPolicy(record, caller.name, input.ResourcePolicy, caller.since?.());
    return { ARN: record.arn, Name: record.name };
  }

  private deletePolicy({ SecretId }: DeleteResourcePolicyCommandInput, region: string, caller: Caller) {
    const record = this.changeable(caller, 'DeleteResourcePolicy', region, SecretId);
    this.setPolicy(record, caller.name, undefined, caller.since?.());
    return { ARN: record.arn, Name: record.name };
  }

  setPolicy(record: SecretRecord, by: string, document: string | undefined, since = this.clock.now): void {
    this.policyChanges.push({
      at: this.clock.now,
      since,
      by,
      record,
      before: record.policy,
      after: document,
      tags: record.tags,
    });
    record.policy = document;
  }

  private replicate(input: ReplicateSecretToRegionsCommandInput, region: string, caller: Caller) {
    const record = this.changeable(caller, 'ReplicateSecretToRegions', region, input.SecretId);
    this.assertKeyUsable(record.kmsKeyId);
    this.startReplication(record, input.AddReplicaRegions ?? []);
    this.note(caller, 'ReplicateSecretToRegions', record);
    return { ARN: record.arn };
  }

  private stopReplication(input: RemoveRegionsFromReplicationCommandInput, region: string, caller: Caller) {
    const record = this.changeable(caller, 'RemoveRegionsFromReplication', region, input.SecretId);
    for (const replicaRegion of input.RemoveReplicaRegions ?? []) {
      if (this.facts.removesReplicasOnce && !record.replicas.has(replicaRegion))
        throw errors.notReplicated(replicaRegion);
      record.replicas.delete(replicaRegion);
      const replica = this.named(replicaRegion, record.name);
      if (replica?.replicaOf !== record) continue;
      // The entry is gone at once, the replica itself much later.
      const seconds = this.facts.replicasLinger ? 400 : this.coin.between(40, 90);
      this.clock.after(seconds * SECOND, () => {
        if (replica.replicaOf && !replica.gone) this.displace(replica, 'replica removed');
      });
    }
    this.note(caller, 'RemoveRegionsFromReplication', record);
    return { ARN: record.arn };
  }

  // States

  private startDeletion(record: SecretRecord, forced: boolean, days: number): void {
    const duration = forced ? this.coin.between(1, 10) * SECOND : days * DAY;
    const deletion = { requestedAt: this.clock.now, endsAt: this.clock.now + duration, forced };
    record.deletion = deletion;
    this.clock.after(duration, () => {
      if (record.deletion === deletion) this.displace(record, forced ? 'forced' : 'window');
    });
    // A replica whose removal has not ended yet loses its primary, and stays as a secret of its own.
    for (const replica of this.records) {
      if (replica.replicaOf !== record || replica.gone) continue;
      replica.replicaOf = undefined;
      replica.strandedAt = this.clock.now;
    }
  }

  private startReplication(
    record: SecretRecord,
    regions: readonly { readonly Region?: string; readonly KmsKeyId?: string }[],
  ): void {
    for (const { Region = '', KmsKeyId } of regions) {
      if (Region === record.region)
        throw new errors.ServiceError('InvalidParameterException', 'Invalid replica region.');
      if (record.replicas.has(Region)) {
        if (this.facts.replicatesTwice) continue;
        throw errors.isReplicated(Region);
      }
      const entry = { kmsKeyId: KmsKeyId, status: 'InProgress' as const, statusMessage: '' };
      record.replicas.set(Region, entry);
      this.clock.after(this.coin.between(1, 20) * SECOND, () => this.completeReplication(record, Region, entry));
    }
  }

  private completeReplication(record: SecretRecord, region: string, entry: { status: string; statusMessage: string }) {
    if (record.replicas.get(region) !== entry) return;
    if (this.regionsLeft.has(region)) {
      entry.status = 'Failed';
      entry.statusMessage = `Replication failed: region ${region} is not enabled.`;
      return;
    }
    if (this.named(region, record.name)) {
      entry.status = 'Failed';
      entry.statusMessage = `Replication failed: Secret name ${record.name} already exists in region ${region}.`;
      return;
    }
    entry.status = 'InSync';
    this.place({
      region,
      name: record.name,
      arn: record.arn.replace(record.region, region),
      description: '',
      tags: {},
      everTagged: false,
      versions: new Map(),
      replicas: new Map(),
      replicaOf: record,
    });
  }

  private description(record: SecretRecord): DescribeSecretResponse {
    // A replica shows what its primary has.
    const shown = record.replicaOf ?? record;
    const { deletion } = record;
    return {
      ARN: record.arn,
      Name: record.name,
      Description: shown.description || undefined,
      KmsKeyId: record.kmsKeyId,
      DeletedDate: deletion && new Date(this.facts.deletedDateIsRequest ? deletion.requestedAt : deletion.endsAt),
      Tags: shown.everTagged ? Object.entries(shown.tags).map(([Key, Value]) => ({ Key, Value })) : undefined,
      VersionIdsToStages:
        shown.versions.size > 0
          ? Object.fromEntries([...shown.versions].map(([id, { stages }]) => [id, [...stages]]))
          : undefined,
      OwningService: record.owningService,
      ...(record.sharedWith && { CrossAccountReplicas: [{ AccountId: record.sharedWith }] }),
      PrimaryRegion: record.replicaOf?.region ?? (record.replicas.size > 0 ? record.region : undefined),
      ReplicationStatus:
        record.replicas.size > 0
          ? [...record.replicas].map(([Region, { kmsKeyId, status, statusMessage }]) => ({
              Region,
              KmsKeyId: kmsKeyId,
              Status: status,
              StatusMessage: statusMessage,
            }))
          : undefined,
    };
  }

  // What every operation needs

  private authorize(caller: Caller, action: string, on: Target): void {
    if (!caller.may(action, on)) throw errors.accessDenied(action, on.name);
  }

  private assertNoLockout(caller: Caller, action: string, record: SecretRecord, tags: Tags, requestTags?: Tags): void {
    if (!this.facts.refusesLockout) return;
    this.authorize(caller, action, { region: record.region, name: record.name, tags, requestTags });
  }

  /** A secret that is there for everybody to use. */
  private usable(caller: Caller, action: string, region: string, id: string | undefined, requestTags?: Tags) {
    const record = this.find(region, id);
    this.authorize(caller, action, { ...target(region, id, record), requestTags });
    const past = record && this.pastOf(record);
    if (!record || past?.state === 'absent') throw errors.notFound();
    const states = [stateOf(record), past?.state];
    if (states.includes('being deleted')) throw errors.wasDeleted();
    if (states.includes('scheduled')) throw errors.markedForDeletion();
    return record;
  }

  private changeable(caller: Caller, action: string, region: string, id: string | undefined, requestTags?: Tags) {
    const record = this.usable(caller, action, region, id, requestTags);
    if (record.replicaOf) throw errors.isReplica();
    return record;
  }

  private assertKeyUsable(keyId: string | undefined): void {
    if (keyId !== undefined && this.keyStates.has(keyId)) throw errors.keyUnusable();
  }

  private find(region: string, id = ''): SecretRecord | undefined {
    if (!id.startsWith('arn:')) return this.named(region, id);
    const name = id.split(':').slice(6).join(':').slice(0, -7);
    const record = this.named(region, name);
    return record?.arn === id ? record : undefined;
  }

  private place(record: SecretRecord): void {
    this.records.push(record);
    let names = this.regions.get(record.region);
    if (!names) {
      names = new Map();
      this.regions.set(record.region, names);
    }
    names.set(record.name, record);
  }

  private displace(record: SecretRecord, how: SecretRecord['gone']): void {
    record.gone = how;
    this.regions.get(record.region)?.delete(record.name);
  }

  private addVersion(record: SecretRecord, token: string, value: string | undefined): void {
    if (value === undefined) return;
    this.values.add(value);
    record.versions.set(token, { value, stages: new Set() });
    makeCurrent(record, token, this.facts.purgesVersions);
  }

  private note(caller: Caller, operation: string, record: SecretRecord, forced = false): void {
    const at = this.clock.now;
    const since = caller.since?.() ?? at;
    const restoringSince = caller.restoringSince?.();
    this.changes.push({ at, since, restoringSince, by: caller.name, operation, record, forced, tags: record.tags });
  }

  /** Keeps what others may still see for a moment after the change that follows. */
  private remember(record: SecretRecord): void {
    if (!this.facts.stateLags) return;
    const memory = this.memories.get(record);
    if (memory && memory.until > this.clock.now) return;
    this.memories.set(record, { until: this.lagEnd(), state: stateOf(record) });
  }

  private pastOf(record: SecretRecord): Memory | undefined {
    if (!this.facts.stateLags) return undefined;
    const memory = this.memories.get(record);
    return memory && memory.until > this.clock.now && this.coin.flip() ? memory : undefined;
  }

  private lagEnd(): number {
    return this.facts.stateLags ? this.clock.now + this.coin.between(0, MAX_LAG / SECOND) * SECOND : 0;
  }

  private suffix(): string {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
    return Array.from({ length: 6 }, () => letters[this.coin.between(0, letters.length - 1)]).join('');
  }

  private makeToken(): string {
    return `token-${this.suffix()}-${this.suffix()}-${this.suffix()}-${this.suffix()}`;
  }
}

/** How long others may see the state of a secret as it was. */
export const MAX_LAG = 5 * SECOND;

/** Part of every value, so that one that gets out is recognised. */
export const VALUE_MARK = 'Gloriously/Secret+';

function target(region: string, id: string | undefined, record: SecretRecord | undefined): Target {
  return { region, name: record?.name ?? id ?? '', tags: record && (record.replicaOf ?? record).tags };
}

function tagRecord(tags: readonly Tag[] = []): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [Key, Value]));
}

function assertNoReservedTag(keys: readonly string[]): void {
  if (keys.some((key) => key.startsWith('aws:'))) throw errors.reservedTag();
}
