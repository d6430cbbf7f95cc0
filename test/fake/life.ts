import {
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { type CloudFormationRequest, validityOf } from '../../src/handler/cloudformation/request';
import { readOwnership } from '../../src/handler/model/ownership';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import { assertAnswer, assertNoValue } from './answers';
import type { Template } from './app';
import { HOUR, MINUTE, VirtualClock } from './clock';
import {
  CloudFormationModel,
  type Deployment,
  type Duplicate,
  type Failure,
  SERVICE_TIMEOUT,
  type Sent,
  type Witness,
} from './cloudformation-model';
import { Coin } from './coin';
import { expectedOutcome } from './expectation';
import type { Facts } from './facts';
import { FakeSecretsManager, MAX_LAG, VALUE_MARK } from './fake-secrets-manager';
import { type Fault, Faults } from './faults';
import { type Happened, isHeld } from './happened';
import { assertAsBefore, assertInvariants } from './invariants';
import { LambdaFunction } from './lambda-function';
import type { SecretRecord } from './secret-record';
import { ServiceError } from './service-error';
import { differences, type Picture, type Snapshot, takeSnapshot } from './snapshot';

export const STACKS = { One: 'eu-west-1', Two: 'eu-west-1', Three: 'eu-central-1' } as const;
export type StackName = keyof typeof STACKS;

export interface Deploy {
  readonly stack: StackName;
  /** Which template of the life; undefined destroys the stack. */
  readonly template?: number;
  readonly failure?: Failure;
  /** A deployment that failed and was not rolled back is rolled back now, instead of another one. */
  readonly rollsBack?: true;
}

export type Step =
  | {
      readonly kind: 'deploy';
      readonly deploys: readonly Deploy[];
      readonly faults: readonly Fault[];
      readonly duplicates: readonly Duplicate[];
      /** The next step begins before everything has come to rest: deletions, replicas, permissions. */
      readonly hasty?: boolean;
      /** What a person does meanwhile, so many milliseconds after the step began. */
      readonly meanwhile?: { readonly after: number; readonly what: ByHand; readonly name: string };
    }
  | {
      readonly kind: 'by hand';
      readonly what: ByHand;
      readonly name: string;
      readonly region: string;
      readonly hasty?: boolean;
    }
  | { readonly kind: 'wait'; readonly hours: number }
  /** Events of earlier steps arrive once more. */
  | { readonly kind: 'late events' };

export type ByHand =
  | 'writes a value'
  | 'schedules'
  | 'restores'
  | 'deletes for good'
  | 'creates'
  | 'creates for One'
  | 'creates managed'
  | 'creates with CloudFormation'
  | 'edits the description'
  | 'removes our tags'
  | 'gives it to a stranger'
  | 'tags it'
  | 'begins a rotation'
  | 'replicates it with another account, or ends that'
  | 'leaves the region, or comes back'
  | 'puts a policy'
  | 'takes the policy off'
  | 'disables the key'
  | 'enables the key';

/** A random life: some stacks, what they contain at different times, and everything that happens to them. */
export interface LifePlan {
  readonly seed: number;
  readonly facts: Facts;
  /** One provider in a stack of its own, instead of one per stack. */
  readonly shared: boolean;
  readonly templates: readonly Template[];
  readonly steps: readonly Step[];
}

export const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555';

const POLICY_BY_HAND = JSON.stringify({
  Version: '2012-10-17',
  Statement: [
    { Sid: 'ByHand', Effect: 'Allow', Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*' },
  ],
});

/** What a native secret carries. Nobody can set or remove these tags. */
function nativeTags(region: string): Record<string, string> {
  return {
    'aws:cloudformation:stack-id': `arn:aws:cloudformation:${region}:111122223333:stack/Native/1`,
    'aws:cloudformation:logical-id': 'Secret',
  };
}

/** Who wants to know more about a life than whether it went well. */
export interface Audience {
  /** Gets everything that happens, line by line. */
  tell?(line: string): void;
  /** Gets the name of an excuse whenever one is needed. */
  excused?(name: string): void;
  /** Gets what was planned for a step and did not come about. */
  missed?(what: string): void;
}

/** Throws when the life breaks a promise of the library. */
export function live(plan: LifePlan, audience: Audience = {}): Promise<void> {
  return new Life(plan, audience).run();
}

class Life implements Witness {
  private readonly coin: Coin;
  private readonly clock = new VirtualClock();
  private readonly secrets: FakeSecretsManager;
  private readonly lambda: LambdaFunction;
  private readonly stacks: CloudFormationModel;
  private faults = new Faults();
  /** Requests of the step. */
  private sent: Sent[] = [];
  private problem?: unknown;
  /** Whether one stack is busy, not several at a time. */
  private alone = false;
  /** Whether each request is dealt with before anything else happens. */
  private orderly = false;
  /** What was planned for the step and had no effect. */
  private readonly inVain: object[] = [];
  /** How the secrets were before the first attempt of each deployment that failed and was not rolled back. */
  private readonly stable = new Map<StackName, Happened>();
  private checkedOutput = 0;
  private written = 0;

  constructor(
    private readonly plan: LifePlan,
    private readonly audience: Audience,
  ) {
    const { tell } = audience;
    this.coin = new Coin(plan.seed);
    this.secrets = new FakeSecretsManager(this.clock, this.coin, plan.facts);
    this.stacks = new CloudFormationModel(
      this.clock,
      this.coin,
      plan.facts,
      plan.shared,
      () => this.lambda,
      this,
      this.secrets,
      this.faults,
      tell,
    );
    this.lambda = new LambdaFunction(this.clock, this.coin, this.secrets, this.stacks, tell);
  }

  async run(): Promise<void> {
    for (const step of this.plan.steps) await this.take(step);
  }

  private async take(step: Step): Promise<void> {
    this.faults = new Faults(step.kind === 'deploy' ? step.faults : []);
    this.sent = [];
    this.alone = step.kind === 'deploy' && step.deploys.length === 1;
    const before = takeSnapshot(this.secrets);
    const changesBefore = this.secrets.changes.length;
    const policyChangesBefore = this.secrets.policyChanges.length;
    const forcingsBefore = this.secrets.forcings.length;
    const heldBefore = new Set(this.secrets.records.filter((record) => isHeld(record, this.stacks)));
    const deployments: Deployment[] = [];
    this.stacks.begin(this.faults, step.kind === 'deploy' ? step.duplicates : []);

    await this.clock.run(this.carryOut(step, deployments));
    if (this.problem) throw this.problem;

    const happened: Happened = {
      before,
      after: takeSnapshot(this.secrets),
      sent: this.sent,
      changes: this.secrets.changes.slice(changesBefore),
      policyChanges: this.secrets.policyChanges.slice(policyChangesBefore),
      forcings: this.secrets.forcings.slice(forcingsBefore),
      faults: this.faults,
      alone: this.alone,
      deployments,
      stacks: this.stacks,
      obstructed: this.secrets.obstructed,
      heldBefore,
    };
    assertInvariants(happened, (name) => this.audience.excused?.(name));
    this.assertStableAgain(step, happened);
    for (const planned of [...this.faults.missed, ...this.stacks.missed, ...this.inVain.splice(0)]) {
      this.audience.missed?.(`step ${this.plan.steps.indexOf(step)}: ${JSON.stringify(planned)}`);
    }
    for (const line of this.lambda.output.slice(this.checkedOutput)) assertNoValue(line);
    this.checkedOutput = this.lambda.output.length;
  }

  /** A deployment that is rolled back attempts later ends with what was there before the first one. */
  private assertStableAgain(step: Step, happened: Happened): void {
    const { stack } = step.kind === 'deploy' && step.deploys.length === 1 ? step.deploys[0] : {};
    for (const [name, first] of this.stable) {
      const { changes, sent } = happened;
      // What others did meanwhile, and what went wrong, is for the steps alone.
      const isCalm =
        stack === name && !this.faults.struck && sent.every(({ overlaps, withdrawn }) => !overlaps && !withdrawn);
      const [deployment] = happened.deployments;
      if (!isCalm || !deployment) {
        this.stable.delete(name);
        continue;
      }
      const all = { ...first, changes: [...first.changes, ...changes], sent: [...first.sent, ...sent] };
      if (deployment.stays) this.stable.set(name, all);
      else this.stable.delete(name);
      if (deployment.stays || deployment.ok || deployment.deletes) continue;
      const { after, stacks, alone, obstructed } = happened;
      const whole = { after, stacks, alone, obstructed, deployments: [{ ...deployment, goesOn: false }] };
      assertAsBefore({ ...all, ...whole }, (excuse) => this.audience.excused?.(excuse));
    }
    const [{ stays, goesOn } = { stays: false, goesOn: false }] = happened.deployments;
    const isCalm = !this.faults.struck && !happened.sent.some(({ overlaps }) => overlaps);
    if (stack !== undefined && stays && !goesOn && isCalm) this.stable.set(stack, happened);
  }

  private async carryOut(step: Step, deployments: Deployment[]): Promise<void> {
    this.orderly = false;
    switch (step.kind) {
      case 'wait':
        this.audience.tell?.(`${step.hours} hours pass`);
        return this.clock.sleep(step.hours * HOUR);
      case 'by hand':
        this.audience.tell?.(`somebody ${step.what}: ${step.name} in ${step.region}`);
        await this.byHand(step.what, step.name, step.region);
        break;
      case 'late events':
        await this.lateEvents();
        break;
      case 'deploy':
        await this.deploy(step, deployments);
    }
    await this.stacks.settle();
    // Until nothing lags behind; or only until everybody sees which secrets there are, and in which state.
    await this.clock.sleep('hasty' in step && step.hasty ? MAX_LAG : 3 * MINUTE);
  }

  private async deploy({ deploys, meanwhile }: Step & { kind: 'deploy' }, deployments: Deployment[]): Promise<void> {
    if (meanwhile) {
      const { after, what, name } = meanwhile;
      this.clock.after(after, () => {
        this.audience.tell?.(`somebody ${what}: ${name}`);
        this.byHand(what, name, 'eu-west-1').catch((problem) => this.failed(problem));
      });
    }
    this.orderly = deploys.length === 1 && deploys[0].failure?.cancels === undefined && !meanwhile;
    await Promise.all(
      deploys.map(async ({ stack, template, failure, rollsBack }) => {
        if (rollsBack && this.stacks.stack(stack)?.unfinished) {
          this.audience.tell?.(`roll ${stack} back`);
          const deployment = await this.stacks.rollBack(stack);
          if (deployment) deployments.push(deployment);
          return;
        }
        if (template === undefined) {
          this.audience.tell?.(`destroy ${stack}`);
          await this.stacks.destroy(stack);
          return;
        }
        const region = STACKS[stack];
        const secrets = (this.plan.templates[template % this.plan.templates.length] ?? []).map((secret) => ({
          ...secret,
          replicas: secret.replicas.filter((replica) => replica !== region),
        }));
        this.audience.tell?.(`deploy ${stack}${failure ? `, which fails: ${JSON.stringify(failure)}` : ''}`);
        const deployment = await this.stacks.deploy(stack, region, secrets, failure);
        deployments.push(deployment);
        const wasAnswered = failure?.cancels !== undefined && !this.sent.some((one) => one.withdrawn);
        if (failure && (deployment.ok || wasAnswered)) this.inVain.push(failure);
      }),
    );
  }

  private async lateEvents(): Promise<void> {
    for (const sent of this.stacks.late.splice(0)) {
      this.sent.push(sent);
      const before = takeSnapshot(this.secrets);
      const changesBefore = this.secrets.changes.length;
      this.audience.tell?.(`${sent.request.RequestType} ${sent.request.RequestId.slice(-4)} is delivered late`);
      await this.stacks.deliverLate(sent, this.faults);
      if (sent.answer?.status === 'SUCCESS') this.assertNothingDone(sent, 'a late', before, changesBefore);
    }
  }

  // What CloudFormation does is watched here.

  beforeRequest(sent: Sent): void {
    this.sent.push(sent);
    if (!this.orderly) return;
    const expected = expectedOutcome(sent, this.secrets, this.stacks);
    this.expectations.set(sent, expected);
  }

  private readonly expectations = new Map<Sent, ReturnType<typeof expectedOutcome>>();

  answered(sent: Sent, body: string): void {
    try {
      assertAnswer(sent, body, this.secrets);
      // A delivery can still be under way when the request that follows is carried out.
      const late = this.faults.slow && this.sent.some(({ overlaps }) => overlaps);
      this.expectations.get(sent)?.(JSON.parse(body), this.faults.of(sent.request.RequestId), late);
    } catch (error) {
      this.failed(error);
    }
    this.expectations.delete(sent);
  }

  /** Remembers the first problem; the step goes on, so that nothing is left half done. */
  failed(problem: unknown): void {
    this.problem ??= problem;
  }

  async again(sent: Sent, deliver: () => Promise<void>): Promise<void> {
    const before = takeSnapshot(this.secrets);
    const changesBefore = this.secrets.changes.length;
    await deliver();
    // What has failed may be made good.
    if (sent.answer?.status === 'SUCCESS')
      this.assertNothingDone(sent, 'the second delivery of a', before, changesBefore);
  }

  private assertNothingDone({ request }: Sent, what: string, before: Snapshot, changesBefore: number): void {
    const done = this.secrets.changes.slice(changesBefore).filter(({ by }) => by === request.RequestId);
    const touched = new Set(done.map(({ record }) => record));
    const changed = differences(before, takeSnapshot(this.secrets)).find(
      ({ record }) =>
        touched.has(record) &&
        !this.isLeftOver(before.get(record), request) &&
        !this.wasRestoredByHand(record, request),
    );
    if (changed) this.failed(new Error(`${what} ${request.RequestType} changed something: ${changed.text}`));
  }

  /** Live, although no resource holds it and nobody restored it by hand: whoever tidies that up does no harm. */
  private isLeftOver(picture: Picture | undefined, request: CloudFormationRequest): boolean {
    if (picture?.state !== 'live') return false;
    if (isHeld({ arn: picture.record.arn, tags: picture.tags }, this.stacks)) return false;
    const { stackId, origin } = readOwnership(picture.tags);
    if (origin?.requestId === request.RequestId) return true;
    const restores = this.secrets.changes.filter(
      ({ record, operation }) => record === picture.record && operation === 'RestoreSecret',
    );
    return stackId !== undefined && restores.pop()?.by !== 'administrator';
  }

  /**
   * For as long as a delivery may be one of the first ones, a live secret that a withdrawn Create had got hold of, or
   * that a clean-up has to delete, cannot be told from one that a person has restored.
   */
  private wasRestoredByHand(record: SecretRecord, request: CloudFormationRequest): boolean {
    const { sent = 0 } = validityOf(request.ResponseURL);
    const restored = this.secrets.changes.some(
      (change) =>
        change.record === record &&
        change.operation === 'RestoreSecret' &&
        change.by === 'administrator' &&
        change.at > sent,
    );
    return request.RequestType !== 'Update' && restored && this.clock.now - sent < SERVICE_TIMEOUT;
  }

  stuck(what: string): void {
    // With a dead key nothing can be written back, and a secret of two accounts not be deleted; somebody has to mend that.
    if (!this.faults.struck && !this.secrets.obstructed) this.failed(new Error(what));
  }

  private async byHand(what: ByHand, name: string, region: string): Promise<void> {
    const client = this.secrets.client(region);
    const value = `${VALUE_MARK}by hand ${++this.written}`;
    const tags = (record: Record<string, string>) => Object.entries(record).map(([Key, Value]) => ({ Key, Value }));
    try {
      switch (what) {
        case 'writes a value':
          await client.send(new PutSecretValueCommand({ SecretId: name, SecretString: value }));
          break;
        case 'schedules':
          await client.send(new DeleteSecretCommand({ SecretId: name, RecoveryWindowInDays: 9 }));
          break;
        case 'restores':
          await client.send(new RestoreSecretCommand({ SecretId: name }));
          break;
        case 'deletes for good':
          await client.send(new DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true }));
          break;
        case 'creates':
          await client.send(new CreateSecretCommand({ Name: name, SecretString: value }));
          break;
        case 'creates for One':
          await client.send(
            new CreateSecretCommand({ Name: name, SecretString: value, Tags: tags({ [OWNERSHIP_TAG.owner]: 'One' }) }),
          );
          break;
        case 'creates with CloudFormation': {
          await client.send(new CreateSecretCommand({ Name: name, SecretString: value }));
          const record = this.secrets.named(region, name);
          if (record) Object.assign(record, { tags: nativeTags(region), everTagged: true });
          break;
        }
        case 'creates managed': {
          await client.send(new CreateSecretCommand({ Name: name, SecretString: value }));
          const record = this.secrets.named(region, name);
          if (record) record.owningService = 'rds';
          break;
        }
        case 'edits the description':
          await client.send(new UpdateSecretCommand({ SecretId: name, Description: `by hand ${this.written}` }));
          break;
        case 'removes our tags':
          await client.send(new UntagResourceCommand({ SecretId: name, TagKeys: Object.values(OWNERSHIP_TAG) }));
          break;
        case 'gives it to a stranger':
          await client.send(
            new TagResourceCommand({ SecretId: name, Tags: tags({ [OWNERSHIP_TAG.owner]: 'Stranger' }) }),
          );
          break;
        case 'tags it':
          await client.send(new TagResourceCommand({ SecretId: name, Tags: tags({ team: 'by hand', cost: '7' }) }));
          break;
        case 'begins a rotation':
          this.secrets.beginRotation(region, name, value);
          break;
        case 'replicates it with another account, or ends that': {
          const record = this.secrets.named(region, name);
          if (record) record.sharedWith = record.sharedWith ? undefined : '999900001111';
          break;
        }
        case 'leaves the region, or comes back':
          if (Object.values<string>(STACKS).includes(region)) break;
          if (!this.secrets.regionsLeft.delete(region)) this.secrets.regionsLeft.add(region);
          break;
        case 'puts a policy':
          await client.send(new PutResourcePolicyCommand({ SecretId: name, ResourcePolicy: POLICY_BY_HAND }));
          break;
        case 'takes the policy off':
          await client.send(new DeleteResourcePolicyCommand({ SecretId: name }));
          break;
        case 'disables the key':
          this.secrets.keyStates.set(KEY, 'Disabled');
          break;
        case 'enables the key':
          this.secrets.keyStates.delete(KEY);
      }
    } catch (error) {
      // People also try what does not work.
      if (!(error instanceof ServiceError)) throw error;
      this.inVain.push({ what, name });
    }
  }
}
