import {
  CreateSecretCommand,
  DeleteSecretCommand,
  RestoreSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import * as fc from 'fast-check';
import type { Foretold } from '../../src/cli/plan/planned';
import type { Upcoming } from '../../src/cli/plan/upcoming';
import { isProtected } from '../../src/handler/model/purge-protection';
import { OWNERSHIP_TAG } from '../../src/private/contract';
import type { Template as Declarations } from '../fake/app';
import { MINUTE } from '../fake/clock';
import type { Failure, Sent, Witness } from '../fake/cloudformation-model';
import { KEY } from '../fake/life';
import { lifePlan } from '../fake/life-arbitrary';
import type { SecretRecord } from '../fake/secret-record';
import { type Picture, takeSnapshot } from '../fake/snapshot';
import { ModelledCloud, REGION, type Told } from './foretelling';

const STACKS = ['One', 'Two'] as const;

type Step =
  | {
      readonly what: 'deploy';
      readonly stack: (typeof STACKS)[number];
      readonly template: number;
      /** How many secrets are dealt with before something else fails. */
      readonly failure?: Failure;
    }
  | { readonly what: 'destroy'; readonly stack: (typeof STACKS)[number] }
  | { readonly what: ByHand; readonly name: string };

type ByHand =
  | 'schedule'
  | 'restore'
  | 'delete for good'
  | 'create'
  | 'create for One'
  | 'give away'
  | 'strip'
  | 'toggle key';

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant('deploy' as const),
      stack: fc.constantFrom(...STACKS),
      template: fc.nat(3),
      failure: fc.oneof(
        { weight: 4, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.record({ after: fc.nat(3) }) },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('destroy' as const), stack: fc.constantFrom(...STACKS) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom<ByHand>(
        'schedule',
        'restore',
        'delete for good',
        'create',
        'create for One',
        'give away',
        'strip',
        'toggle key',
      ),
      name: fc.constantFrom('a', 'b', 'c'),
    }),
  },
);

/** The templates of the random lives of the function, and calm days for them. */
const story = fc.record({
  // Nobody foretells what CloudFormation says to a resource policy.
  templates: lifePlan.map(({ templates }) =>
    templates.map((secrets) => secrets.map((one) => ({ ...one, policy: false }))),
  ),
  steps: fc.array(step, { minLength: 2, maxLength: 10, size: 'max' }),
  seed: fc.nat(),
});

/** How often each action was foretold, so that none of them goes untested. */
const foretoldActions = new Map<string, number>();

test('what is foretold is what happens', async () => {
  await fc.assert(
    fc.asyncProperty(story, async ({ templates, steps, seed }) => {
      const world = new World(seed);
      for (const next of steps) await world.take(next, templates);
    }),
    { numRuns: 300, seed: 1 },
  );
  expect([...foretoldActions.keys()].sort()).toEqual([
    'ADOPT',
    'CREATE',
    'FORCE',
    'LEAVE',
    'NOTHING',
    'REFUSE',
    'REPLACE',
    'RESTORE',
    'RETAIN',
    'SCHEDULE',
    'UPDATE',
  ]);
});

class World implements Witness {
  private readonly cloud: ModelledCloud;
  private sent: Sent[] = [];
  private problem?: unknown;

  constructor(seed: number) {
    this.cloud = new ModelledCloud(seed, this);
  }

  async take(next: Step, templates: readonly Declarations[]): Promise<void> {
    if (next.what === 'deploy') {
      const declared = templates[next.template % templates.length] ?? [];
      const here = declared.map((secret) => ({ ...secret, replicas: secret.replicas.filter((at) => at !== REGION) }));
      const { stack, failure } = next;
      // Why something else fails is not for a plan to know; what comes after it is.
      if (failure) await this.cloud.deploy(stack, here, failure);
      else await this.compare(stack, here, () => this.cloud.deploy(stack, here));
    } else if (next.what === 'destroy') {
      await this.compare(next.stack, undefined, () => this.cloud.destroy(next.stack));
    } else {
      await this.byHand(next.what, next.name).catch(() => {});
    }
  }

  /** @param declared Undefined for a teardown */
  private async compare(
    name: string,
    declared: Declarations | undefined,
    change: () => Promise<unknown>,
  ): Promise<void> {
    const { secrets, stacks, clock } = this.cloud;
    const { status = 'ROLLBACK_COMPLETE' } = stacks.stack(name) ?? {};
    if (!declared && status === 'ROLLBACK_COMPLETE') return;
    const plan = await this.cloud.foretell(name, declared);
    const before = takeSnapshot(secrets);
    this.sent = [];
    await change();
    await clock.pass(3 * MINUTE);
    if (this.problem) throw this.problem;
    // What Secrets Manager says when it is to encrypt with a dead key, the function does not ask beforehand either.
    if (secrets.keyStates.size > 0 && plan.some(encrypts)) return;
    for (const { action } of plan.map(({ foretold }) => foretold)) {
      foretoldActions.set(action, (foretoldActions.get(action) ?? 0) + 1);
    }
    const refused = plan.find(({ foretold }) => foretold.action === 'REFUSE');
    if (refused) {
      const failed = this.requestsOf(refused.next).filter(({ answer }) => answer?.status === 'FAILED');
      expect(failed.map(({ answer }) => answer?.reason)).toEqual([refused.foretold.reason]);
    } else {
      for (const { next, foretold } of plan) this.expectAsForetold(next, foretold, before);
    }
  }

  private expectAsForetold(next: Upcoming, foretold: Foretold, before: ReadonlyMap<SecretRecord, Picture>): void {
    const requests = this.requestsOf(next);
    const answers = requests.map(({ request, answer }) => [request.RequestType, answer?.status, answer?.outcome]);
    const record = this.cloud.secrets.records.find(({ arn }) => arn === foretold.secret?.arn);
    const after = record && takeSnapshot(this.cloud.secrets).get(record);
    switch (foretold.action) {
      case 'CREATE':
        expect(answers).toEqual([['Create', 'SUCCESS', 'CREATED']]);
        break;
      case 'RESTORE':
        expect(answers).toEqual([['Create', 'SUCCESS', 'RESTORED']]);
        break;
      case 'ADOPT':
        expect(answers).toEqual([['Create', 'SUCCESS', 'ADOPTED']]);
        break;
      case 'UPDATE':
        expect(requests.map(({ answer }) => answer?.physicalId)).toEqual([next.physicalId]);
        break;
      case 'REPLACE':
        expect(requests[0].answer?.physicalId).not.toBe(next.physicalId);
        break;
      case 'NOTHING':
      case 'RETAIN':
        expect(requests).toEqual([]);
        break;
      case 'SCHEDULE':
        expect([answers, after?.state]).toEqual([[['Delete', 'SUCCESS', undefined]], 'scheduled']);
        break;
      case 'FORCE':
        expect(answers).toEqual([['Delete', 'SUCCESS', undefined]]);
        expect(['gone', 'being deleted']).toContain(after?.state);
        break;
      case 'LEAVE': {
        const ids = requests.map(({ request }) => request.RequestId);
        expect(this.cloud.secrets.changes.filter(({ by }) => ids.includes(by))).toEqual([]);
        break;
      }
      default:
        throw new Error(`${foretold.action} was foretold`);
    }
    const then = record && before.get(record);
    if (['RESTORE', 'ADOPT', 'UPDATE'].includes(foretold.action) && then && after) {
      expect([foretold.action, changedBetween(then, after)]).toEqual([foretold.action, whatChanges(foretold)]);
    }
  }

  private requestsOf({ logicalId }: Upcoming): Sent[] {
    return this.sent.filter(({ request }) => request.LogicalResourceId === logicalId);
  }

  private async byHand(what: ByHand, name: string): Promise<void> {
    const client = this.cloud.secrets.client(REGION);
    const owned = (owner: string) => [{ Key: OWNERSHIP_TAG.owner, Value: owner }];
    switch (what) {
      case 'schedule':
        await client.send(new DeleteSecretCommand({ SecretId: name, RecoveryWindowInDays: 9 }));
        break;
      case 'restore':
        await client.send(new RestoreSecretCommand({ SecretId: name }));
        break;
      case 'delete for good':
        await client.send(new DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true }));
        await this.cloud.clock.pass(3 * MINUTE);
        break;
      case 'create':
        await client.send(new CreateSecretCommand({ Name: name, SecretString: 'by hand' }));
        break;
      case 'create for One':
        await client.send(new CreateSecretCommand({ Name: name, SecretString: 'by hand', Tags: owned('One') }));
        break;
      case 'give away':
        await client.send(new TagResourceCommand({ SecretId: name, Tags: owned('Stranger') }));
        break;
      case 'strip':
        await client.send(new UntagResourceCommand({ SecretId: name, TagKeys: Object.values(OWNERSHIP_TAG) }));
        break;
      case 'toggle key':
        if (!this.cloud.secrets.keyStates.delete(KEY)) this.cloud.secrets.keyStates.set(KEY, 'Disabled');
    }
  }

  // What CloudFormation does is watched here.

  beforeRequest(sent: Sent): void {
    this.sent.push(sent);
  }

  answered(): void {}

  async again(): Promise<void> {}

  /** With a dead key nothing can be written back. */
  stuck(what: string): void {
    if (this.cloud.secrets.keyStates.size === 0) this.failed(new Error(what));
  }

  failed(problem: unknown): void {
    this.problem ??= problem;
  }
}

function encrypts({ next, foretold }: Told): boolean {
  const writes = ['CREATE', 'RESTORE', 'ADOPT', 'UPDATE', 'REPLACE'].includes(foretold.action);
  const keys = [next.properties.KmsKeyId, next.before.KmsKeyId, foretold.secret?.kmsKeyId];
  return writes && keys.includes(KEY);
}

/** What a plan says about the secret itself, and not about whose it is. */
function whatChanges({ changes }: Foretold): string[] {
  return changes
    .filter(({ what, detail }) => what !== 'purgeProtection' || detail === 'on')
    .map(({ what }) => what)
    .filter((what) => what !== 'owner' && what !== 'recoveryWindow')
    .sort();
}

function changedBetween(then: Picture, now: Picture): string[] {
  const parts = ({ text }: Picture) => {
    const [, description, key, tags, versions, replicas] = JSON.parse(text);
    return {
      description,
      key,
      tags: tags.filter(([tag]: [string]) => !tag.startsWith('recoverable-secret:')),
      value: versions.map(([id]: [string]) => id).sort(),
      replicas,
    };
  };
  const [before, after] = [parts(then), parts(now)];
  const changed = (Object.keys(before) as (keyof typeof before)[]).filter(
    (part) => JSON.stringify(before[part]) !== JSON.stringify(after[part]),
  );
  // Whether it ends depends on permissions; the policy itself nobody sees beforehand.
  const isNew = isProtected(now.tags) && !isProtected(then.tags);
  return [...changed, ...(isNew ? ['purgeProtection'] : [])].sort();
}
