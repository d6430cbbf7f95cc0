import * as fc from 'fast-check';
import type { Duplicate } from './cloudformation-model';
import { type Facts, NO_SURPRISES } from './facts';
import { aimed, duplicate, fault, moments } from './fault-arbitrary';
import type { ByHand, Deploy, LifePlan, StackName, Step } from './life';
import { boldTemplates, mostly, NAMES, REPLICA_REGIONS, templates } from './template-arbitrary';

// The first choice of every list is what a life is simplified to.

const stackName = fc.constantFrom<StackName>('One', 'Two', 'One', 'Two', 'Three');

const template = fc.oneof({ weight: 4, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.constant(undefined) });

const hasty = mostly(false, true);

const rarely = mostly<true | undefined>(undefined, true);

const deploy: fc.Arbitrary<Deploy> = fc.record({
  stack: stackName,
  template,
  failure: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    {
      weight: 2,
      arbitrary: fc.record({
        after: fc.nat(3),
        cancels: fc.oneof(fc.constant(undefined), moments),
        deletes: rarely,
        stays: rarely,
      }),
    },
  ),
  rollsBack: rarely,
});

const often = <T>(arbitrary: fc.Arbitrary<T>, maxLength: number) =>
  fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(arbitrary, { maxLength }) });

const BY_HAND: ByHand[] = [
  'writes a value',
  'schedules',
  'restores',
  'deletes for good',
  'creates',
  'creates for One',
  'creates managed',
  'creates with CloudFormation',
  'edits the description',
  'removes our tags',
  'gives it to a stranger',
  'tags it',
  'begins a rotation',
  'leaves the region, or comes back',
  'replicates it with another account, or ends that',
  'puts a policy',
  'takes the policy off',
  'disables the key',
  'enables the key',
];

const byHand: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('by hand' as const),
  what: fc.constantFrom(...BY_HAND),
  name: fc.constantFrom(...NAMES),
  region: mostly<string>('eu-west-1', ...REPLICA_REGIONS),
  hasty,
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('deploy' as const),
      deploys: fc.oneof(
        { weight: 8, arbitrary: fc.array(deploy, { minLength: 1, maxLength: 1 }) },
        {
          weight: 1,
          arbitrary: fc.uniqueArray(deploy, { minLength: 2, maxLength: 2, selector: ({ stack }) => stack }),
        },
      ),
      faults: often(fault, 4).map((bursts) => bursts.flat()),
      duplicates: often(duplicate, 3),
      hasty,
    }),
  },
  { weight: 4, arbitrary: byHand },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.constantFrom(1, 3, 200, 800) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('late events' as const) }) },
);

/** Nothing goes wrong. */
const calm: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ stack: stackName, template }).map((one) => ({
      kind: 'deploy' as const,
      deploys: [one],
      faults: [],
      duplicates: [],
    })),
  },
  { weight: 1, arbitrary: byHand },
);

/** Everything at once: a request that is withdrawn, or whose deployment fails, is delivered twice and hits faults. */
const ambush: fc.Arbitrary<Step> = fc
  .record({
    stack: stackName,
    template,
    request: fc.nat(1),
    failure: fc.constantFrom('withdrawn', 'fails', undefined),
    cancels: moments,
    rival: fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.record({ stack: stackName, template }) },
    ),
    when: fc.constantFrom<Duplicate['when'] | undefined>('overlapping', 'overlapping', 'later', undefined),
    faults: fc.array(aimed(fc.nat(2)), { minLength: 1, maxLength: 3 }),
    hasty,
  })
  .map(({ stack, template, request, failure, cancels, rival, when, faults, hasty }) => ({
    kind: 'deploy',
    deploys: [
      {
        stack,
        template,
        failure: failure && {
          after: request + (failure === 'fails' ? 1 : 0),
          ...(failure === 'withdrawn' && { cancels }),
        },
      },
      ...(rival && rival.stack !== stack ? [rival] : []),
    ],
    faults: faults.flat(),
    duplicates: when ? [{ request, when }] : [],
    hasty,
  }));

const facts: fc.Arbitrary<Facts> = fc
  .record(
    Object.fromEntries(Object.keys(NO_SURPRISES).map((key) => [key, fc.boolean()])) as {
      [Key in keyof Facts]: fc.Arbitrary<boolean>;
    },
  )
  // With these the function says that it failed, or does what is safe and not what was declared.
  .map((drawn) => ({ ...drawn, replicasLinger: false, eventsAreHidden: false }));

const circumstances = { seed: fc.nat(), facts, shared: fc.boolean() };

const longLife: fc.Arbitrary<LifePlan> = fc.record({
  ...circumstances,
  templates,
  steps: fc.array(step, { minLength: 1, maxLength: 14, size: 'max' }),
});

/** Short, for the races: something that is there, the worst that can happen to it, and what follows from that. */
const shortLife: fc.Arbitrary<LifePlan> = fc
  .record({
    ...circumstances,
    templates: boldTemplates,
    before: fc.array(calm, { maxLength: 4 }),
    worst: fc.array(ambush, { minLength: 1, maxLength: 2 }),
    after: fc.array(calm, { maxLength: 2 }),
  })
  .map(({ before, worst, after, ...plan }) => ({ ...plan, steps: [...before, ...worst, ...after] }));

export const lifePlan: fc.Arbitrary<LifePlan> = fc.oneof(longLife, shortLife);
