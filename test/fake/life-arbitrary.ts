import * as fc from 'fast-check';
import type { SecretDeclaration, Template } from './app';
import type { Duplicate } from './cloudformation-model';
import { type Facts, NO_SURPRISES } from './facts';
import type { Fault } from './faults';
import { type ByHand, type Deploy, KEY, type LifePlan, type StackName, type Step } from './life';

// The first choice of every list is what a life is simplified to.

const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...others) });

/** Few, so that stacks collide. */
const names = fc.constantFrom('a', 'b', 'c');
const replicaRegions = ['eu-central-1', 'us-east-1'];

const declaration = (logicalId: string): fc.Arbitrary<SecretDeclaration> =>
  fc.record({
    logicalId: fc.constant(logicalId),
    name: names,
    owner: mostly<string | undefined>(undefined, 'shared', 'Two'),
    value: fc.constantFrom('generated 1', 'generated 2', 'declared 1', 'declared 2', 'none'),
    description: mostly('', 'one', 'two'),
    key: mostly<string | undefined>(undefined, KEY),
    replicas: fc.oneof(
      { weight: 6, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.subarray(replicaRegions, { minLength: 1 }) },
    ),
    team: mostly<string | undefined>(undefined, 'red', 'blue'),
    window: mostly(30, 7, 14),
    force: mostly(false, true),
    retain: mostly(false, true),
    restorePolicy: mostly('IF_OWNED', 'ALWAYS', 'NEVER'),
    existingPolicy: mostly('ADOPT_IF_OWNED', 'ADOPT', 'FAIL'),
    restoredValue: mostly('KEEP', 'REGENERATE'),
    updatedValue: mostly('REGENERATE', 'KEEP'),
  });

/** Two resources for one name in one template are a mistake that synthesis can see. */
function withoutSharedNames(secrets: Template): Template {
  return secrets.filter(({ name }, index) => secrets.findIndex((other) => other.name === name) === index);
}

const template: fc.Arbitrary<Template> = fc
  .uniqueArray(
    fc.constantFrom('A', 'B', 'C').chain((logicalId) => declaration(logicalId)),
    { maxLength: 3, selector: ({ logicalId }) => logicalId },
  )
  .map(withoutSharedNames);

/** Some settings of one secret, for a template that differs from another one as templates do in practice. */
const change = fc.record({
  index: fc.nat(2),
  from: declaration('A'),
  settings: fc.subarray(
    [
      'name',
      'owner',
      'value',
      'description',
      'key',
      'replicas',
      'window',
      'force',
      'retain',
      'existingPolicy',
    ] as const,
    { minLength: 1, maxLength: 3 },
  ),
});

const templates = fc
  .record({
    first: template,
    others: fc.array(
      fc.oneof(
        { weight: 1, arbitrary: template },
        { weight: 2, arbitrary: fc.array(change, { minLength: 1, maxLength: 2 }) },
      ),
      { maxLength: 3 },
    ),
  })
  .map(({ first, others }) => [first, ...others.map((other) => (isTemplate(other) ? other : changed(first, other)))]);

type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

function isTemplate(either: Template | Change[]): either is Template {
  return either.every((item) => 'logicalId' in item);
}

function changed(base: Template, changes: readonly Change[]): Template {
  const secrets = base.map((secret, position) => {
    const settings = changes
      .filter(({ index }) => index % base.length === position)
      .flatMap(({ from, settings }) => settings.map((setting) => [setting, from[setting]]));
    return { ...secret, ...Object.fromEntries(settings) };
  });
  return withoutSharedNames(secrets);
}

const KINDS = ['dies', 'internal', 'throttle', 'denied', 'quotes', 'broken', 'dies', 'slow', 'slow'] as const;

/** Those that a race is made of; the others are hit by counting all calls. */
const OPERATIONS = [
  'DescribeSecret',
  'TagResource',
  'RestoreSecret',
  'DeleteSecret',
  'PutSecretValue',
  'UpdateSecretVersionStage',
  'CreateSecret',
  'UntagResource',
  'DescribeStackResource',
  'DescribeStacks',
  'answer',
];

const anywhere: fc.Arbitrary<Fault[]> = fc
  .record({ call: fc.nat(25), moment: fc.constantFrom('before', 'after'), kind: fc.constantFrom(...KINDS) })
  .map((fault) => [fault]);

/** At one operation of one request, once or several times in a row, for which the function waits and tries again. */
const aimed = (request: fc.Arbitrary<number>): fc.Arbitrary<Fault[]> =>
  fc
    .record({
      request,
      operation: fc.constantFrom(...OPERATIONS),
      call: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
      moment: fc.constantFrom<Fault['moment']>('before', 'after'),
      kind: fc.constantFrom(...KINDS),
      times: fc.oneof(
        { weight: 3, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.integer({ min: 2, max: 6 }) },
      ),
    })
    .map(({ times, call, ...fault }) => Array.from({ length: times }, (_, more) => ({ ...fault, call: call + more })));

const nearby = fc.oneof({ weight: 3, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(6) });

const fault = fc.oneof({ weight: 2, arbitrary: anywhere }, { weight: 3, arbitrary: aimed(nearby) });

const duplicate: fc.Arbitrary<Duplicate> = fc.record({
  request: nearby,
  when: fc.constantFrom('again', 'overlapping', 'later', 'overlapping'),
});

const stackName = fc.constantFrom<StackName>('One', 'Two', 'One', 'Two', 'Three');

/** How long a request is under way when CloudFormation withdraws it; milliseconds. */
const moments = fc.oneof(
  { weight: 3, arbitrary: fc.nat(1_500) },
  { weight: 1, arbitrary: fc.integer({ min: 2_000, max: 60_000 }) },
);

const deploy: fc.Arbitrary<Deploy> = fc.record({
  stack: stackName,
  template: fc.oneof({ weight: 4, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.constant(undefined) }),
  failure: fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    { weight: 2, arbitrary: fc.record({ after: fc.nat(3), cancels: fc.oneof(fc.constant(undefined), moments) }) },
  ),
});

const often = <T>(arbitrary: fc.Arbitrary<T>, maxLength: number) =>
  fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(arbitrary, { maxLength }) });

const byHand = fc.constantFrom<ByHand>(
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
  'disables the key',
  'enables the key',
);

/** Everything at once: a request that is withdrawn, or whose deployment fails, is delivered twice and hits faults. */
const crush: fc.Arbitrary<Step> = fc
  .record({
    stack: stackName,
    template: fc.nat(3),
    request: fc.nat(1),
    failure: fc.constantFrom('withdrawn', 'fails', undefined),
    cancels: moments,
    duplicates: fc.constantFrom<Duplicate['when'] | undefined>('overlapping', 'overlapping', 'later', undefined),
    faults: fc.array(aimed(fc.nat(2)), { minLength: 1, maxLength: 3 }),
  })
  .map(({ stack, template, request, failure, cancels, duplicates, faults }) => ({
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
    ],
    faults: faults.flat(),
    duplicates: duplicates ? [{ request, when: duplicates }] : [],
  }));

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
    }),
  },
  { weight: 3, arbitrary: crush },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('by hand' as const),
      what: byHand,
      name: names,
      region: mostly('eu-west-1', ...replicaRegions),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.constantFrom(1, 3, 200, 800) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('late events' as const) }) },
);

const facts: fc.Arbitrary<Facts> = fc.record(
  Object.fromEntries(Object.keys(NO_SURPRISES).map((key) => [key, fc.boolean()])) as {
    [Key in keyof Facts]: fc.Arbitrary<boolean>;
  },
);

export const lifePlan: fc.Arbitrary<LifePlan> = fc.record({
  seed: fc.nat(),
  facts,
  shared: fc.boolean(),
  templates,
  steps: fc.array(step, { minLength: 1, maxLength: 14, size: 'max' }),
});
