import type { SecretDeclaration, Template } from './app';
import { type Facts, NO_SURPRISES } from './facts';
import type { Fault } from './faults';
import { type Deploy, KEY, type LifePlan, type Step } from './life';

/** A life that once broke a promise, in words and in steps. */
export interface Regression {
  readonly story: string;
  readonly templates: readonly Template[];
  readonly steps: readonly Step[];
  readonly facts?: Partial<Facts>;
}

/** The life with other coincidences: latencies and orders follow from the seed. */
export function planOf({ templates, steps, facts }: Regression, seed: number): LifePlan {
  return { seed, facts: { ...NO_SURPRISES, ...facts }, shared: seed % 2 === 1, templates, steps };
}

type DeployStep = Step & { readonly kind: 'deploy' };
type Extras = Pick<Deploy, 'failure'> & Partial<Pick<DeployStep, 'faults' | 'duplicates'>>;

function deploy(
  stack: Deploy['stack'],
  template: number,
  { failure, faults = [], duplicates = [] }: Extras = {},
): Step {
  return { kind: 'deploy', deploys: [{ stack, template, failure }], faults, duplicates };
}

function destroy(stack: Deploy['stack'], { faults = [], duplicates = [] }: Extras = {}): Step {
  return { kind: 'deploy', deploys: [{ stack }], faults, duplicates };
}

/** Of a deployment that failed and was not rolled back. */
function rollBack(stack: Deploy['stack']): Step {
  return { kind: 'deploy', deploys: [{ stack, rollsBack: true }], faults: [], duplicates: [] };
}

/** The stacks are deployed at the same time; without a template one is destroyed. */
function sideBySide(
  deploys: DeployStep['deploys'],
  faults: DeployStep['faults'] = [],
  duplicates: DeployStep['duplicates'] = [],
): Step {
  return { kind: 'deploy', deploys, faults, duplicates };
}

const ONE_AND_TWO: DeployStep['deploys'] = [
  { stack: 'One', template: 0 },
  { stack: 'Two', template: 1 },
];

function byHand(what: (Step & { kind: 'by hand' })['what'], name: string, region = 'eu-west-1'): Step {
  return { kind: 'by hand', what, name, region };
}

/** What follows does not wait until everything has come to rest. */
function hastily(step: Step): Step {
  return step.kind === 'deploy' || step.kind === 'by hand' ? { ...step, hasty: true } : step;
}

const LATE_EVENTS: Step = { kind: 'late events' };

function secret(logicalId: string, name: string, changes: Partial<SecretDeclaration> = {}): SecretDeclaration {
  return {
    logicalId,
    name,
    value: 'generated 1',
    description: '',
    replicas: [],
    window: 30,
    force: false,
    retain: false,
    restorePolicy: 'IF_OWNED',
    existingPolicy: 'ADOPT_IF_OWNED',
    restoredValue: 'KEEP',
    updatedValue: 'REGENERATE',
    purgeProtection: false,
    policy: false,
    ...changes,
  };
}

const fault = (operation: string, call: number, kind: Fault['kind'], moment: Fault['moment'] = 'before'): Fault => ({
  operation,
  call,
  kind,
  moment,
});

/** Only of this request of the step. */
const at = (request: number, one: Fault): Fault => ({ ...one, request });

/** The call is under way for so many milliseconds. */
const slow = (operation: string, call: number, delay: number, moment: Fault['moment'] = 'before'): Fault => ({
  ...fault(operation, call, 'slow', moment),
  delay,
});

/** The first request is delivered once more so many milliseconds after the first delivery. */
const twice = (after: number) => [{ request: 0, when: 'overlapping', after }] as const;

/** Makes the function wait and try again. */
const denied = (operation: string, times: number) =>
  Array.from({ length: times }, (_, call) => fault(operation, call, 'denied'));

const A = secret('A', 'a');
const EMPTY: Template = [];
const REPLICATED = { replicas: ['us-east-1'] };
const OVERLAPPING = [{ request: 0, when: 'overlapping' }] as const;
const LATER = [{ request: 0, when: 'later' }] as const;

export const REGRESSIONS: readonly Regression[] = [
  {
    story: 'the last secret of a stack goes, while the provider is shared and has other users',
    templates: [[A], [secret('A', 'b')], EMPTY],
    steps: [deploy('One', 0), deploy('Two', 1), deploy('One', 2)],
  },
  {
    story: 'a Create has claimed the secret and dies, and its second delivery fails early',
    templates: [[A]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0, { faults: [fault('TagResource', 0, 'dies', 'after'), fault('DescribeSecret', 1, 'internal')] }),
    ],
  },
  {
    story: 'of two deliveries at the same time one restores and the other one adopts; then the deployment fails',
    templates: [[A]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0, { failure: { after: 1 }, duplicates: OVERLAPPING, faults: denied('TagResource', 2) }),
    ],
  },
  {
    story: 'the same with a secret that was restored before',
    templates: [[A]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0, { failure: { after: 1 }, duplicates: OVERLAPPING, faults: denied('TagResource', 2) }),
    ],
  },
  {
    story: 'of two deliveries at the same time one restores, and the other one must not adopt',
    templates: [[secret('A', 'a', { existingPolicy: 'FAIL' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0, { duplicates: OVERLAPPING, faults: denied('TagResource', 2) }),
    ],
  },
  {
    story: 'what a failed deployment has restored or created still looks as it was when it is taken back',
    templates: [[A], [secret('B', 'b')]],
    facts: { stateLags: true },
    steps: [
      deploy('One', 0, { failure: { after: 1 } }),
      deploy('One', 0, { failure: { after: 1 } }),
      deploy('One', 1, { failure: { after: 1 }, faults: [fault('DeleteSecret', 1, 'throttle')] }),
      deploy('One', 1, { failure: { after: 1 }, faults: [fault('DeleteSecret', 0, 'quotes')] }),
    ],
  },
  {
    story: 'a Create is delivered twice at the same time',
    templates: [[secret('A', 'a', REPLICATED)]],
    steps: [deploy('One', 0, { duplicates: OVERLAPPING })],
  },
  {
    story: 'a deployment fails that gave a value to a secret whose template had none',
    templates: [[secret('A', 'a', { value: 'none' })], [A]],
    steps: [deploy('One', 0), byHand('writes a value', 'a'), deploy('One', 1, { failure: { after: 1 } })],
  },
  {
    story: 'a deployment fails that changed a declared value after somebody had written another one',
    templates: [[secret('A', 'a', { value: 'declared 1' })], [secret('A', 'a', { value: 'declared 2' })]],
    steps: [
      deploy('One', 0),
      byHand('writes a value', 'a'),
      deploy('One', 1, { failure: { after: 1 } }),
      deploy('One', 1, { faults: [fault('PutSecretValue', 0, 'internal')] }),
    ],
  },
  ...(['KEEP', 'REGENERATE'] as const).map((restoredValue) => ({
    story: `a deployment fails in which one construct takes the secret of another one (${restoredValue})`,
    templates: [
      [secret('C', 'b', { restoredValue })],
      [secret('A', 'b', { owner: 'shared', existingPolicy: 'ADOPT', restoredValue }), secret('C', 'a')],
      [secret('A', 'b', { restoredValue, value: 'declared 1' }), secret('C', 'a', { restoredValue })],
    ],
    steps: [deploy('One', 0), deploy('One', 1, { failure: { after: 2 } }), deploy('One', 2, { failure: { after: 2 } })],
  })),
  {
    story: 'an Update that renames arrives once more after it was rolled back',
    templates: [[A], [secret('A', 'c')]],
    steps: [deploy('One', 0), deploy('One', 1, { failure: { after: 1 }, duplicates: LATER }), LATE_EVENTS],
  },
  {
    story: 'an Update arrives once more after the next one',
    templates: [[A], [secret('A', 'a', { description: 'one', value: 'declared 1', ...REPLICATED })]],
    steps: [deploy('One', 0), deploy('One', 1, { duplicates: LATER }), deploy('One', 0), LATE_EVENTS],
  },
  {
    story: 'the Delete of a secret that left arrives once more after it has returned',
    templates: [[A], EMPTY],
    steps: [deploy('One', 0), deploy('One', 1, { duplicates: LATER }), deploy('One', 0), LATE_EVENTS],
  },
  {
    story: 'the Delete of a failed Create arrives once more after the next Create',
    templates: [EMPTY, [A]],
    facts: { deletesSilently: true },
    steps: [
      deploy('One', 0),
      deploy('One', 1, {
        faults: [fault('DescribeSecret', 0, 'throttle')],
        duplicates: [{ request: 1, when: 'later' }],
      }),
      deploy('One', 1),
      LATE_EVENTS,
    ],
  },
  {
    story: 'the Delete of a rollback arrives once more after somebody has restored the secret',
    templates: [[secret('A', 'a', { force: true })]],
    steps: [
      deploy('One', 0, { failure: { after: 1 }, duplicates: [{ request: 1, when: 'later' }] }),
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0, { failure: { after: 1 }, duplicates: [{ request: 1, when: 'later' }] }),
      byHand('restores', 'a'),
      LATE_EVENTS,
    ],
  },
  {
    story: 'a Create arrives once more after its stack was rolled back, which left the secret behind',
    templates: [[secret('A', 'a', { retain: true })]],
    steps: [deploy('One', 0, { failure: { after: 1 }, duplicates: LATER }), LATE_EVENTS],
  },
  {
    story: 'a delivery dies while it removes replicas of which the template says nothing',
    templates: [[A], [secret('A', 'a', REPLICATED)], [secret('A', 'b', REPLICATED)]],
    steps: [
      deploy('One', 0),
      deploy('One', 1),
      deploy('One', 0, { faults: [fault('RemoveRegionsFromReplication', 0, 'dies', 'after')] }),
      destroy('One'),
      deploy('Two', 2),
      destroy('Two', { faults: [fault('RemoveRegionsFromReplication', 0, 'dies', 'after')] }),
    ],
  },
  {
    story: 'a failed adoption leaves no replica that a later Delete could lose',
    templates: [[secret('A', 'a', { owner: 'shared' })], [secret('A', 'a', { owner: 'shared', ...REPLICATED })]],
    steps: [
      deploy('One', 0),
      deploy('Two', 1, { failure: { after: 1 } }),
      destroy('One', { faults: [fault('RemoveRegionsFromReplication', 0, 'dies', 'after')] }),
    ],
  },
  {
    story: 'a renaming deployment fails after the secret was given to a stranger',
    templates: [[A], [secret('A', 'b')]],
    steps: [deploy('One', 0), byHand('gives it to a stranger', 'a'), deploy('One', 1, { failure: { after: 1 } })],
  },
  ...(['CreateSecret', 'RestoreSecret', 'TagResource'] as const).map((operation) => ({
    story: `a Create is withdrawn and dies after ${operation}`,
    templates: [[A]],
    steps: [
      ...(operation === 'CreateSecret' ? [] : [deploy('One', 0), destroy('One')]),
      // It takes so long that the Delete comes first.
      deploy('One', 0, {
        failure: { after: 0, cancels: 0 },
        faults: [...denied(operation, 4), fault(operation, 4, 'dies', 'after')],
      }),
    ],
  })),
  {
    story: 'a Create is withdrawn while it waits for the replicas of a secret that it has adopted',
    templates: [
      [A],
      [A, secret('B', 'a', { value: 'declared 1', ...REPLICATED })],
      [secret('A', 'b', { owner: 'shared', ...REPLICATED })],
      [secret('A', 'b', { owner: 'shared', value: 'declared 1', replicas: ['eu-central-1'] })],
    ],
    steps: [
      deploy('One', 0),
      deploy('One', 1, { failure: { after: 1, cancels: 500 } }),
      destroy('One'),
      deploy('One', 2),
      deploy('Two', 3, { failure: { after: 0, cancels: 500 } }),
      destroy('One'),
    ],
  },
  {
    story: 'two Deletes at the same time give an adopted secret back, and one of them dies',
    templates: [[secret('A', 'a', { owner: 'shared' })]],
    steps: [
      deploy('Two', 0),
      deploy('One', 0, {
        failure: { after: 1 },
        duplicates: [{ request: 1, when: 'overlapping' }],
        faults: [fault('TagResource', 2, 'dies', 'after')],
      }),
      destroy('Two'),
    ],
  },
  {
    story: 'a secret is given back to a stack that then changes its owner',
    templates: [[secret('A', 'a', { owner: 'shared', existingPolicy: 'ADOPT' })], [secret('B', 'b')]],
    steps: [deploy('Two', 0), deploy('One', 0, { failure: { after: 1 } }), deploy('Two', 1)],
  },
  {
    story: 'a renaming deployment fails after a replica of the secret has become impossible',
    templates: [[secret('A', 'a', { replicas: ['us-east-1', 'eu-central-1'] })], [secret('A', 'b')]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      byHand('creates', 'a', 'us-east-1'),
      byHand('restores', 'a'),
      deploy('One', 0),
      deploy('One', 1, { failure: { after: 1 } }),
    ],
  },
  {
    story: 'a rollback returns to a secret that somebody has scheduled',
    templates: [
      [secret('A', 'a', { restoredValue: 'REGENERATE' })],
      [secret('A', 'b', { restoredValue: 'REGENERATE' })],
    ],
    steps: [deploy('One', 0), byHand('schedules', 'a'), deploy('One', 1, { failure: { after: 1 } })],
  },
  {
    story: 'somebody disables the key of a secret that a failing deployment changes',
    templates: [[secret('A', 'a', { key: KEY, value: 'declared 1' })], [secret('A', 'a', { value: 'declared 2' })]],
    steps: [
      deploy('One', 0),
      byHand('disables the key', 'a'),
      deploy('One', 1),
      byHand('enables the key', 'a'),
      deploy('One', 1),
      destroy('One'),
      deploy('One', 0),
    ],
  },
  {
    story: 'a Create arrives once more an hour after somebody has restored what its rollback had scheduled',
    templates: [[secret('A', 'a', REPLICATED)]],
    steps: [
      deploy('One', 0, { failure: { after: 1 }, duplicates: LATER }),
      byHand('restores', 'a'),
      { kind: 'wait', hours: 1 },
      LATE_EVENTS,
    ],
  },
  {
    story: 'a Create arrives once more after its secret was given to a stranger',
    templates: [[secret('C', 'a', { force: true })]],
    steps: [
      deploy('One', 0, { duplicates: LATER }),
      byHand('gives it to a stranger', 'a'),
      destroy('One'),
      LATE_EVENTS,
    ],
  },
  {
    story: 'a Create is withdrawn, comes after its Delete, and cannot undo at once what it did',
    templates: [[A]],
    facts: { policyLags: true },
    steps: [
      deploy('One', 0, {
        failure: { after: 0, cancels: 0 },
        faults: [...denied('DescribeSecret', 4), ...[5, 6].map((call) => fault('DescribeSecret', call, 'throttle'))],
      }),
    ],
  },
  {
    story: 'a Create is withdrawn and goes on to write a value after its Delete gave the secret back',
    templates: [[secret('A', 'a', { owner: 'shared', restoredValue: 'REGENERATE' })]],
    steps: [
      deploy('Two', 0),
      deploy('One', 0, { failure: { after: 0, cancels: 0 }, faults: denied('GetRandomPassword', 4) }),
    ],
  },
  {
    story: 'a delivery restores and cannot claim, while another one adopts; then the Create fails',
    templates: [[A]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0, {
        failure: { after: 1 },
        duplicates: OVERLAPPING,
        faults: [...denied('TagResource', 3), fault('TagResource', 3, 'quotes')],
      }),
    ],
  },
  {
    story: 'a failed adoption removes replicas, and the rollback and the next Delete take over from there',
    templates: [
      [secret('B', 'a', { owner: 'shared', ...REPLICATED })],
      [secret('B', 'a', { owner: 'shared', description: 'one' })],
    ],
    steps: [
      deploy('One', 0),
      deploy('Two', 1, { faults: [fault('DescribeSecret', 2, 'broken'), fault('TagResource', 1, 'internal')] }),
    ],
  },
  {
    story: 'a rollback returns to a secret that somebody has scheduled, and dies on the way',
    templates: [[secret('A', 'a', { value: 'declared 1' })], [secret('A', 'b', { value: 'declared 1' })]],
    steps: [
      deploy('One', 0),
      byHand('writes a value', 'a'),
      byHand('schedules', 'a'),
      deploy('One', 1, { failure: { after: 1 }, faults: [fault('TagResource', 0, 'dies', 'after')] }),
    ],
  },
  {
    story: 'an Update dies that is delivered twice, and arrives once more during its rollback',
    templates: [[secret('A', 'a', REPLICATED)], [secret('A', 'a', { owner: 'shared', value: 'declared 1' })]],
    steps: [
      deploy('One', 0),
      deploy('One', 1, {
        failure: { after: 1 },
        duplicates: OVERLAPPING,
        faults: [fault('RemoveRegionsFromReplication', 1, 'dies', 'before')],
      }),
    ],
  },
  {
    story: 'a rollback returns to a secret that somebody has deleted for good',
    templates: [
      [secret('C', 'b', { owner: 'shared', restorePolicy: 'ALWAYS', existingPolicy: 'ADOPT' })],
      [secret('C', 'a')],
    ],
    steps: [deploy('One', 0), byHand('deletes for good', 'b'), deploy('One', 1, { failure: { after: 1 } })],
  },
  {
    story: 'the same where CloudFormation knows the new secret only',
    templates: [[secret('C', 'b')], [secret('C', 'a')]],
    facts: { rollbackKnowsNewId: true },
    steps: [deploy('One', 0), byHand('deletes for good', 'b'), deploy('One', 1, { failure: { after: 1 } })],
  },
  {
    story: 'a rollback cannot bring a replica back',
    templates: [[secret('A', 'a', REPLICATED)], [A]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      byHand('creates', 'a', 'us-east-1'),
      byHand('restores', 'a'),
      deploy('One', 1),
      deploy('One', 0),
      deploy('One', 1, { failure: { after: 1 } }),
    ],
  },
  {
    story: 'somebody has scheduled a secret that a native resource still holds',
    templates: [[secret('A', 'a', { restorePolicy: 'ALWAYS' })]],
    facts: { nativeStackHolds: true },
    steps: [byHand('creates with CloudFormation', 'a'), byHand('schedules', 'a'), deploy('One', 0)],
  },
  ...(['ADOPT_IF_OWNED', 'FAIL'] as const).map((existingPolicy) => ({
    story: `the answer to RestoreSecret gets lost, and the secret looks scheduled still (${existingPolicy})`,
    templates: [[secret('A', 'a', { existingPolicy })]],
    facts: { restoreOfLiveFails: true, stateLags: true },
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0, { failure: { after: 1 }, faults: [fault('RestoreSecret', 0, 'denied', 'after')] }),
    ],
  })),
  {
    story: 'a secret that was taken over long ago is restored by a Create that dies when it has claimed it',
    templates: [
      [A],
      [secret('A', 'a', { existingPolicy: 'ADOPT', restorePolicy: 'ALWAYS' })],
      [secret('A', 'a', REPLICATED)],
    ],
    steps: [
      deploy('One', 0),
      deploy('Two', 1),
      destroy('Two'),
      deploy('Two', 2, {
        failure: { after: 1 },
        faults: [0, 1, 2].map((call) => fault('TagResource', call, 'dies', 'after')),
      }),
    ],
  },
  {
    story: 'the Delete of a replaced secret arrives once more an hour after somebody has restored it',
    templates: [[A], [secret('A', 'b')]],
    facts: { deletesSilently: true },
    steps: [
      deploy('One', 0),
      deploy('One', 1, { duplicates: [{ request: 1, when: 'later' }] }),
      byHand('restores', 'a'),
      { kind: 'wait', hours: 1 },
      LATE_EVENTS,
    ],
  },
  {
    story: 'a Delete comes when its secret is scheduled already, and waits until another stack has restored it',
    templates: [[secret('A', 'a', { owner: 'shared', existingPolicy: 'FAIL' })]],
    facts: { policyLags: true },
    steps: [
      sideBySide(
        [
          { stack: 'One', template: 0, failure: { after: 0, cancels: 701 } },
          { stack: 'Two', template: 0 },
        ],
        denied('CreateSecret', 6),
      ),
    ],
  },
  {
    story: 'a failed take-over cannot give all tags back, and the holder of the secret leaves its owner with it',
    templates: [[secret('B', 'b')], [secret('A', 'a', { owner: 'shared' }), secret('B', 'b')], [secret('C', 'c')]],
    facts: { refusesLockout: true },
    steps: [deploy('One', 2), deploy('Two', 1), deploy('One', 1, { failure: { after: 1 } }), deploy('Two', 0)],
  },
  {
    story:
      'a template without the opt-in is refused for a secret without tags, and its rollback has the opt-in and no right',
    templates: [[secret('A', 'a', { existingPolicy: 'ADOPT' })], [A]],
    steps: [deploy('One', 0), byHand('removes our tags', 'a'), deploy('One', 1)],
  },
  {
    story:
      'a failed take-over leaves the tag of its stack, and the secret, which is to be deleted for good, its own stack',
    templates: [[secret('A', 'a', { force: true })], [secret('B', 'a', { force: true, existingPolicy: 'ADOPT' })]],
    facts: { refusesLockout: true },
    steps: [deploy('One', 0), deploy('Two', 1, { failure: { after: 1 } }), destroy('One')],
  },
  {
    story: 'a Create is withdrawn, and CloudFormation refuses to answer at first whether it is',
    templates: [[A]],
    steps: [
      deploy('One', 0, {
        failure: { after: 0, cancels: 0 },
        faults: [...denied('CreateSecret', 6), fault('DescribeStackResource', 0, 'throttle')],
      }),
    ],
  },
  {
    story: 'a Delete waits for its permission, and another stack takes the secret over meanwhile',
    templates: [[secret('A', 'a', { owner: 'shared' })], EMPTY],
    steps: [
      deploy('One', 0),
      sideBySide(
        [
          { stack: 'One', template: 1 },
          { stack: 'Two', template: 0 },
        ],
        denied('DeleteSecret', 3),
      ),
    ],
  },
  {
    story: 'an Update is withdrawn and dies, and Lambda delivers it again while its rollback is under way',
    templates: [[secret('A', 'a', REPLICATED)], [secret('A', 'a', { owner: 'shared' })]],
    facts: { withdrawsUpdates: true },
    steps: [
      deploy('One', 0),
      deploy('One', 1, {
        failure: { after: 0, cancels: 3_000 },
        faults: [fault('RemoveRegionsFromReplication', 0, 'dies', 'after')],
      }),
    ],
  },
  {
    story: 'the Delete of a replaced secret dies, and is delivered again when the new one has long been complete',
    templates: [[A], [secret('A', 'b')]],
    steps: [deploy('One', 0), deploy('One', 1, { faults: [at(1, fault('DescribeSecret', 0, 'dies'))] })],
  },
  {
    story: 'of two deliveries one fails and schedules what the other one has just taken from another owner',
    templates: [[A], [secret('A', 'a', { restorePolicy: 'ALWAYS' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('Two', 1, {
        failure: { after: 1 },
        duplicates: twice(100),
        faults: [
          fault('RestoreSecret', 0, 'denied'),
          at(0, fault('TagResource', 0, 'quotes')),
          at(0, slow('DeleteSecret', 0, 1_500)),
        ],
      }),
    ],
  },
  {
    story: 'a Create is refused for what its resource left behind when it left the template',
    templates: [[secret('A', 'a', { retain: true })], EMPTY, [secret('A', 'a', { existingPolicy: 'FAIL' })]],
    steps: [deploy('One', 0), deploy('One', 1), deploy('One', 2)],
  },
  {
    story: 'a Create is never answered, and its resource had left the secret behind when it left the template',
    templates: [[secret('A', 'a', { retain: true })], EMPTY, [A]],
    steps: [
      deploy('One', 0),
      deploy('One', 1),
      deploy('One', 2, { failure: { after: 0, cancels: 0 }, faults: [fault('DescribeSecret', 0, 'dies')] }),
    ],
  },
  {
    story: 'a Create is never answered, and a deployment that failed had left the secret behind',
    templates: [[secret('B', 'b')], [secret('B', 'b'), secret('A', 'a', { retain: true })], [secret('B', 'b'), A]],
    steps: [
      deploy('One', 0),
      deploy('One', 1, { failure: { after: 2 } }),
      deploy('One', 2, { failure: { after: 1, cancels: 0 }, faults: [fault('DescribeSecret', 0, 'dies')] }),
    ],
  },
  {
    story: 'an Update that takes a replica away dies, and the stack is destroyed right after it',
    templates: [[secret('A', 'a', REPLICATED)], [A]],
    steps: [
      deploy('One', 0),
      hastily(deploy('One', 1, { faults: [fault('RemoveRegionsFromReplication', 0, 'dies', 'after')] })),
      destroy('One'),
    ],
  },
  {
    story: 'a Create takes a secret over while the Delete of a failed take-over is still giving it back',
    templates: [
      [secret('A', 'a', { value: 'none', existingPolicy: 'ADOPT' })],
      [secret('B', 'b'), secret('A', 'a', { value: 'none', existingPolicy: 'ADOPT' })],
    ],
    steps: [
      byHand('creates', 'a'),
      sideBySide(
        [
          { stack: 'One', template: 0, failure: { after: 1 } },
          { stack: 'Two', template: 1 },
        ],
        [...denied('GetRandomPassword', 3), slow('UntagResource', 1, 4_000)],
      ),
    ],
  },
  {
    story: 'a rollback leads back to a name that somebody has scheduled, and that is never to be restored',
    templates: [[secret('A', 'a', { restorePolicy: 'NEVER' })], [secret('A', 'b', { restorePolicy: 'NEVER' })]],
    steps: [deploy('One', 0), byHand('schedules', 'a'), deploy('One', 1, { failure: { after: 1 } })],
  },
  {
    story: 'the name still belongs to a secret that is being deleted for good',
    templates: [[A]],
    facts: { forgetsBeingDeleted: true },
    steps: [byHand('creates', 'a'), hastily(byHand('deletes for good', 'a')), deploy('One', 0)],
  },
  {
    story: 'a secret is scheduled while it is being rotated, and restored',
    templates: [[A]],
    steps: [deploy('One', 0), byHand('begins a rotation', 'a'), destroy('One'), deploy('One', 0)],
  },
  {
    story: 'of two deliveries one fails when the other one has been answered',
    templates: [[secret('A', 'a', { owner: 'shared', description: 'one', existingPolicy: 'ADOPT' })]],
    steps: [
      byHand('creates', 'a'),
      deploy('One', 0, {
        duplicates: twice(100),
        faults: [
          ...[0, 1, 3, 4].map((call) => fault('UpdateSecret', call, 'denied')),
          fault('UpdateSecret', 5, 'quotes'),
        ],
      }),
    ],
  },
  {
    story: 'a Create that has restored fails, and cannot undo that at once',
    templates: [[A]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0, { faults: [fault('TagResource', 0, 'quotes'), fault('DescribeSecret', 1, 'internal')] }),
    ],
  },
  {
    story: 'a Create is withdrawn, and cannot undo at once what it did after its Delete',
    templates: [[A]],
    steps: [
      deploy('One', 0, {
        failure: { after: 0, cancels: 0 },
        faults: [...denied('CreateSecret', 6), at(0, fault('DescribeSecret', 1, 'internal'))],
      }),
    ],
  },
  {
    story: 'a rollback is to bring a replica back in a region that the account has left',
    templates: [[secret('A', 'a', REPLICATED)], [secret('A', 'a', { description: 'one' })]],
    steps: [
      deploy('One', 0),
      byHand('leaves the region, or comes back', 'a', 'us-east-1'),
      deploy('One', 1, { failure: { after: 1 } }),
    ],
  },
  {
    story: 'the answer to PutSecretValue gets lost',
    templates: [[A], [secret('A', 'a', { value: 'generated 2' })]],
    steps: [deploy('One', 0), deploy('One', 1, { faults: [fault('PutSecretValue', 0, 'internal', 'after')] })],
  },
  {
    story: 'a secret that is replicated with another account is adopted, and changed',
    templates: [[secret('A', 'a', { existingPolicy: 'ADOPT' })], [secret('A', 'a', { description: 'one' })]],
    steps: [
      byHand('creates', 'a'),
      byHand('replicates it with another account, or ends that', 'a'),
      deploy('One', 0),
      byHand('replicates it with another account, or ends that', 'a'),
      deploy('One', 0),
      byHand('replicates it with another account, or ends that', 'a'),
      deploy('One', 1),
    ],
  },
  {
    story: 'an empty secret gets a value in a deployment that fails, and other values in two more that fail',
    templates: [
      [secret('A', 'a', { value: 'none' })],
      [secret('A', 'a', { value: 'declared 1' })],
      [secret('A', 'a', { value: 'declared 2' })],
      [secret('A', 'a', { value: 'generated 1' })],
    ],
    steps: [deploy('One', 0), ...[1, 2, 3].map((template) => deploy('One', template, { failure: { after: 1 } }))],
  },
  ...[{}, { saysWasDeleted: true }, { forgetsBeingDeleted: true }].map((facts) => ({
    story: `a secret is deleted for good while a Create wants to restore it (${Object.keys(facts)})`,
    templates: [[A]],
    facts,
    steps: [byHand('creates for One', 'a'), hastily(byHand('deletes for good', 'a')), deploy('One', 0)],
  })),
  {
    story: 'the copy of a secret in another region is not taken over',
    templates: [[secret('A', 'a', { replicas: ['eu-central-1'] })], [secret('A', 'a', { existingPolicy: 'ADOPT' })]],
    steps: [deploy('One', 0), deploy('Three', 1)],
  },
  {
    story: 'a secret that an AWS service manages is not taken over',
    templates: [[secret('A', 'a', { existingPolicy: 'ADOPT' })]],
    steps: [byHand('creates managed', 'a'), deploy('One', 0)],
  },
  {
    story: 'a service error repeats the value',
    templates: [[secret('A', 'a', { value: 'declared 1' })], [secret('A', 'a', { value: 'declared 2' })]],
    steps: [
      deploy('One', 0, { faults: [fault('CreateSecret', 0, 'quotes')] }),
      deploy('One', 0),
      deploy('One', 1, { faults: [fault('PutSecretValue', 0, 'quotes')] }),
    ],
  },
  {
    story: 'the answer to CreateSecret gets lost',
    templates: [[A]],
    steps: [deploy('One', 0, { faults: [fault('CreateSecret', 0, 'internal', 'after')] })],
  },
  {
    story: 'of two deliveries at the same time each wants to add the replica',
    templates: [[A], [secret('A', 'a', REPLICATED)]],
    steps: [
      deploy('One', 0),
      deploy('One', 1, { duplicates: OVERLAPPING, faults: denied('ReplicateSecretToRegions', 3) }),
    ],
  },
  {
    story: 'of two deliveries at the same time each wants to remove the replica',
    templates: [[secret('A', 'a', REPLICATED)], [A]],
    facts: { removesReplicasOnce: true },
    steps: [
      deploy('One', 0),
      deploy('One', 1, { duplicates: OVERLAPPING, faults: denied('RemoveRegionsFromReplication', 3) }),
    ],
  },
  {
    story:
      'a Delete has no right any more to undo the value, because the second delivery of the Create gave the secret back',
    templates: [[secret('A', 'a', { existingPolicy: 'ADOPT', restoredValue: 'REGENERATE' })]],
    steps: [
      deploy('Two', 0),
      deploy('One', 0, {
        failure: { after: 1 },
        duplicates: OVERLAPPING,
        faults: [
          ...[0, 1, 2].map((call) => at(0, fault('DescribeSecret', call, 'denied'))),
          ...[0, 1, 2, 3].map((call) => at(1, fault('UpdateSecretVersionStage', call, 'denied'))),
        ],
      }),
    ],
  },
  {
    story: 'a secret whose key is dead is neither restored nor taken over',
    templates: [
      [secret('A', 'a', { key: KEY, retain: true })],
      [secret('A', 'a', { key: KEY })],
      [secret('A', 'a', { key: KEY, description: 'one' })],
      EMPTY,
    ],
    steps: [
      deploy('One', 0),
      deploy('One', 3),
      byHand('disables the key', 'a'),
      deploy('One', 1),
      byHand('enables the key', 'a'),
      deploy('One', 1),
      byHand('schedules', 'a'),
      byHand('disables the key', 'a'),
      deploy('One', 2),
      byHand('enables the key', 'a'),
      destroy('One'),
      byHand('disables the key', 'a'),
      deploy('One', 1),
    ],
  },
  {
    story: 'a secret that a native resource still holds is not taken over',
    templates: [[secret('A', 'a', { existingPolicy: 'ADOPT' })]],
    facts: { nativeStackHolds: true },
    steps: [byHand('creates with CloudFormation', 'a'), deploy('One', 0)],
  },
  {
    story: 'a live secret of another stack is not taken over in passing',
    templates: [[A], [secret('B', 'a', { owner: 'One' })]],
    steps: [deploy('One', 0), deploy('Two', 1)],
  },
  {
    story: 'the function dies before it has ended a rotation that the destroy before had cut off',
    templates: [[A]],
    steps: [
      deploy('One', 0),
      byHand('begins a rotation', 'a'),
      destroy('One'),
      deploy('One', 0, { faults: [fault('UpdateSecretVersionStage', 0, 'dies')] }),
    ],
  },
  {
    story: 'a Delete dies when the value is the one from before again, and its second delivery finds it so',
    templates: [[secret('A', 'a', { value: 'declared 1' })], [secret('A', 'a', { value: 'declared 2' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 1, { failure: { after: 1 }, faults: [at(1, fault('DeleteSecret', 0, 'dies'))] }),
    ],
  },
  {
    story: 'a Create arrives once more after its secret was deleted for good',
    templates: [[secret('A', 'a', { force: true }), secret('B', 'b')], [secret('B', 'b')]],
    steps: [deploy('One', 0, { duplicates: LATER }), deploy('One', 1), LATE_EVENTS],
  },
  {
    story: 'an Update is delivered twice, and one delivery acts when the rollback has ended on what it saw before',
    templates: [[A], [secret('A', 'a', { window: 7 })]],
    steps: [
      deploy('One', 0),
      deploy('One', 1, {
        failure: { after: 1 },
        duplicates: twice(100),
        faults: [at(0, slow('DescribeSecret', 1, 15_000, 'after'))],
      }),
    ],
  },
  {
    story: 'an Update to another name is delivered twice, and one delivery acts when the rollback has ended',
    templates: [[A], [secret('A', 'b')]],
    steps: [
      deploy('One', 1),
      deploy('One', 0),
      deploy('One', 1, {
        failure: { after: 1 },
        duplicates: twice(100),
        faults: [...denied('RestoreSecret', 1), at(0, slow('DescribeSecret', 1, 15_000, 'after'))],
      }),
    ],
  },
  {
    story: 'a Delete is delivered twice, and somebody restores the secret while the second delivery looks',
    templates: [[A]],
    steps: [
      deploy('One', 0),
      {
        kind: 'deploy',
        deploys: [{ stack: 'One' }],
        faults: [at(0, slow('DescribeSecret', 1, 6_000, 'after'))],
        duplicates: twice(50),
        meanwhile: { after: 4_000, what: 'restores', name: 'a' },
      },
    ],
  },
  {
    story: 'a Create arrives once more after it took a secret from another owner, and was deleted since',
    templates: [[A], [secret('B', 'b'), secret('A', 'a', { restorePolicy: 'ALWAYS' })], [secret('B', 'b')]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('Two', 1, { duplicates: [{ request: 1, when: 'later' }] }),
      deploy('Two', 2),
      LATE_EVENTS,
    ],
  },
  {
    story: 'two stacks take a scheduled secret from another owner, one a second after the other',
    templates: [[secret('A', 'a', { restorePolicy: 'ALWAYS' })]],
    steps: [
      byHand('creates for One', 'a'),
      byHand('gives it to a stranger', 'a'),
      byHand('schedules', 'a'),
      sideBySide(
        [
          { stack: 'One', template: 0 },
          { stack: 'Two', template: 0 },
        ],
        denied('RestoreSecret', 5),
      ),
    ],
  },
  {
    story:
      'of two deliveries one restores the secret of another owner, and the other one adopts it before it is claimed',
    templates: [[A], [secret('A', 'a', { restorePolicy: 'ALWAYS', existingPolicy: 'ADOPT' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('Two', 1, {
        failure: { after: 1 },
        duplicates: twice(800),
        faults: [at(0, slow('DescribeSecret', 1, 2_000))],
      }),
    ],
  },
  {
    story: 'the Delete of a failed take-over dies when it has given the owner back',
    templates: [[A], [secret('A', 'a', { restorePolicy: 'ALWAYS' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('Two', 1, { failure: { after: 1 }, faults: [at(1, fault('DeleteSecret', 0, 'dies'))] }),
    ],
  },
  {
    story: 'a take-over of what nobody owned fails, and the role may not take all tags off any more',
    templates: [[secret('B', 'b')], [secret('B', 'b'), secret('A', 'a', { existingPolicy: 'ADOPT' })]],
    facts: { refusesLockout: true },
    steps: [deploy('One', 0), byHand('creates', 'a'), deploy('One', 1, { failure: { after: 2 } })],
  },
  {
    story: 'another stack takes a secret over while the replicas of its holder leave',
    templates: [[secret('A', 'a', { owner: 'shared', ...REPLICATED })], EMPTY, [secret('A', 'a', { owner: 'shared' })]],
    steps: [
      deploy('One', 0),
      sideBySide([
        { stack: 'One', template: 1 },
        { stack: 'Two', template: 2 },
      ]),
    ],
  },
  {
    story: 'an Update to another name is never answered',
    templates: [[A], [secret('A', 'b')]],
    steps: [
      deploy('One', 0),
      deploy('One', 1, { faults: [0, 1, 2].map((call) => at(0, fault('answer', call, 'dies'))) }),
    ],
  },
  {
    story: 'an Update and its rollback come for a secret that was given to a stranger',
    templates: [[A], [secret('A', 'a', { description: 'one' })]],
    steps: [deploy('One', 0), byHand('gives it to a stranger', 'a'), deploy('One', 1)],
  },
  {
    story: 'an Update dies when it has written the value',
    templates: [[secret('A', 'a', { value: 'declared 1' })], [secret('A', 'a', { value: 'declared 2' })]],
    steps: [deploy('One', 0), deploy('One', 1, { faults: [fault('PutSecretValue', 0, 'dies', 'after')] })],
  },
  {
    story: 'two resources of one template have one name',
    templates: [[A, secret('C', 'a')]],
    steps: [deploy('One', 0)],
  },
  {
    story: 'the events of the stack cannot be seen while an adopted secret is given back',
    templates: [[secret('A', 'a', { existingPolicy: 'ADOPT' })]],
    facts: { eventsAreHidden: true },
    steps: [byHand('creates', 'a'), deploy('One', 0, { failure: { after: 1 } })],
  },
  {
    story: 'replicas take longer to go than the function waits',
    templates: [[secret('A', 'a', REPLICATED)]],
    facts: { replicasLinger: true },
    steps: [deploy('One', 0), destroy('One')],
  },
  ...[
    [[], ['us-east-1']],
    [['us-east-1'], []],
  ].map(([before, replicas]) => ({
    story: `a Create is withdrawn, and goes on to change replicas after its Delete gave the secret back (${replicas})`,
    templates: [
      [secret('A', 'a', { owner: 'shared', replicas: before })],
      [secret('A', 'a', { owner: 'shared', description: 'one', replicas })],
    ],
    steps: [
      deploy('Two', 0),
      deploy('One', 1, { failure: { after: 0, cancels: 0 }, faults: [slow('UpdateSecret', 0, 12_000)] }),
    ],
  })),
  {
    story: 'of two deliveries one fails and gives the secret back, and the other one had seen tags that this takes off',
    templates: [[secret('A', 'a', { owner: 'shared' })], [secret('A', 'a', { owner: 'shared', description: 'one' })]],
    steps: [
      deploy('Two', 0),
      deploy('One', 1, {
        duplicates: twice(50),
        faults: [
          at(0, slow('TagResource', 0, 500)),
          at(0, slow('TagResource', 1, 4_000)),
          at(0, fault('UpdateSecret', 0, 'quotes')),
          at(0, fault('answer', 0, 'dies')),
        ],
      }),
    ],
  },
  {
    story: 'a delivery claims a secret while the other one of the withdrawn Create takes the last tags off',
    templates: [[A], [secret('A', 'a', { existingPolicy: 'ADOPT', restoredValue: 'REGENERATE' })]],
    steps: [
      deploy('One', 0),
      deploy('Two', 1, {
        failure: { after: 0, cancels: 0 },
        duplicates: twice(50),
        faults: [
          at(0, slow('DescribeSecret', 1, 8_000)),
          at(0, slow('DescribeStackResource', 2, 5_000)),
          at(0, slow('GetRandomPassword', 0, 3_000)),
          at(0, slow('TagResource', 1, 8_000)),
          at(0, slow('UntagResource', 0, 6_000)),
          at(0, slow('GetRandomPassword', 1, 6_000)),
        ],
      }),
    ],
  },
  {
    story: 'of two deliveries one has restored, and fails when the other one has adopted and given back',
    templates: [[secret('A', 'a', { restoredValue: 'REGENERATE' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0, {
        failure: { after: 0, cancels: 0 },
        duplicates: twice(1_000),
        faults: [
          at(0, slow('RestoreSecret', 0, 20_000, 'after')),
          at(0, slow('GetRandomPassword', 0, 2_000)),
          at(0, fault('TagResource', 2, 'quotes')),
        ],
      }),
    ],
  },
  {
    story: 'a secret is empty but for a rotation that has begun, and is adopted with a generated value',
    templates: [[secret('A', 'a', { value: 'none', owner: 'shared' })], [secret('A', 'a', { owner: 'shared' })]],
    steps: [deploy('Two', 0), byHand('begins a rotation', 'a'), deploy('One', 1)],
  },
  {
    story: 'an Update is withdrawn, and has its value when the rollback has ended',
    templates: [[secret('A', 'a', { value: 'declared 1' })], [A]],
    facts: { withdrawsUpdates: true },
    steps: [
      deploy('One', 0),
      deploy('One', 1, { failure: { after: 0, cancels: 2_000 }, faults: [slow('GetRandomPassword', 0, 15_000)] }),
    ],
  },
  {
    story: 'a secret changes hands by its Create, which is delivered late, while its Delete waits for a permission',
    templates: [[secret('A', 'a', { existingPolicy: 'ADOPT', restoredValue: 'REGENERATE' })]],
    steps: [
      deploy('Two', 0),
      deploy('One', 0, {
        failure: { after: 1 },
        duplicates: twice(100),
        faults: [
          at(0, slow('DescribeSecret', 1, 5_500, 'after')),
          ...[0, 1, 2, 3].map((call) => at(1, fault('UpdateSecretVersionStage', call, 'denied'))),
        ],
      }),
    ],
  },
  {
    story: 'an update fails, and its stack is deleted without a rollback, of which the secret was to go for good',
    templates: [[secret('A', 'a', { force: true })], [secret('A', 'a', { force: true, description: 'one' })]],
    steps: [deploy('One', 0), deploy('One', 1, { failure: { after: 1, deletes: true } })],
  },
  {
    story: 'a creation fails, and its stack is deleted without a rollback, with what it had created and adopted',
    templates: [[secret('A', 'a', { existingPolicy: 'ADOPT', force: true }), secret('B', 'b', { force: true })]],
    steps: [byHand('creates', 'a'), deploy('One', 0, { failure: { after: 2, deletes: true } })],
  },
  {
    story: 'a deployment that was not rolled back wrote a value, as did another attempt, and then they are rolled back',
    templates: ['declared 1' as const, 'declared 2' as const, 'generated 1' as const].map((value) => [
      secret('A', 'a', { value }),
    ]),
    steps: [
      deploy('One', 0),
      deploy('One', 1, { failure: { after: 1, stays: true } }),
      deploy('One', 2, { failure: { after: 1, stays: true } }),
      rollBack('One'),
    ],
  },
  {
    story: 'the second attempt of a deployment declares what was there before the first one, and is rolled back',
    templates: [[A], [secret('A', 'a', { value: 'declared 1' })]],
    steps: [
      deploy('One', 0),
      deploy('One', 1, { failure: { after: 1, stays: true } }),
      deploy('One', 0, { failure: { after: 1 } }),
    ],
  },
  {
    story: 'a creation that was not rolled back has adopted and restored, and the next deployment goes on without both',
    templates: [
      [
        secret('A', 'a', { existingPolicy: 'ADOPT', force: true }),
        secret('B', 'b', { restorePolicy: 'ALWAYS', force: true }),
      ],
      EMPTY,
    ],
    steps: [
      byHand('creates', 'a'),
      byHand('creates', 'b'),
      byHand('schedules', 'b'),
      deploy('One', 0, { failure: { after: 2, stays: true } }),
      deploy('One', 1),
    ],
  },
  {
    story:
      'a Delete finds what was given back to its resource, and its second delivery does so when the rollback has ended',
    templates: [
      [secret('A', 'a', { retain: true, purgeProtection: true })],
      [secret('A', 'b')],
      [secret('A', 'a', { purgeProtection: true })],
    ],
    facts: { deletesSilently: true },
    steps: [
      deploy('One', 0),
      deploy('One', 1),
      deploy('One', 2, {
        faults: [0, 1, 2, 3, 4].map((call) => at(0, fault('GetResourcePolicy', call, 'internal'))),
        duplicates: [{ request: 2, when: 'overlapping', after: 2_000 }],
      }),
    ],
  },
  {
    story: 'the answer to CreateSecret takes long, and another stack takes the secret over meanwhile',
    templates: [
      [secret('A', 'a', { owner: 'shared', ...REPLICATED })],
      [secret('A', 'a', { owner: 'shared', existingPolicy: 'ADOPT' })],
    ],
    steps: [sideBySide(ONE_AND_TWO, [slow('CreateSecret', 0, 15_000, 'after')])],
  },
  {
    story: 'a Delete looks at its secret for long, and another stack takes it over meanwhile',
    templates: [[secret('A', 'a', { owner: 'shared' })]],
    steps: [
      deploy('One', 0),
      sideBySide(
        [{ stack: 'One' }, { stack: 'Two', template: 0 }],
        [at(0, slow('DescribeSecret', 0, 15_000, 'after'))],
      ),
    ],
  },
  {
    story: 'a Create is withdrawn, and its secret is given back while replicas leave and before others are added',
    templates: [
      [secret('A', 'a', { owner: 'shared', ...REPLICATED })],
      [secret('A', 'a', { owner: 'shared', replicas: ['eu-central-1'] })],
    ],
    steps: [
      deploy('Two', 0),
      deploy('One', 1, { failure: { after: 0, cancels: 2_500 }, faults: [slow('TagResource', 0, 1_000, 'after')] }),
    ],
  },
  {
    story: 'of two stacks one wants to restore for long what the other one has restored by then',
    templates: [[A], [secret('A', 'a', { restorePolicy: 'ALWAYS' })]],
    facts: { restoreOfLiveFails: true },
    steps: [deploy('One', 0), destroy('One'), sideBySide(ONE_AND_TWO, [at(0, slow('RestoreSecret', 0, 15_000))])],
  },
  {
    story: 'a Create is refused for what its resource left behind, and the events of the stack cannot be seen',
    templates: [[secret('A', 'a', { retain: true })], EMPTY, [secret('A', 'a', { existingPolicy: 'FAIL' })]],
    facts: { eventsAreHidden: true },
    steps: [deploy('One', 0), deploy('One', 1), deploy('One', 2)],
  },
  {
    story: 'of two deliveries one fails and takes the replicas away, while the other one is answered',
    templates: [[secret('A', 'a', REPLICATED)]],
    steps: [
      deploy('One', 0, {
        duplicates: twice(700),
        faults: [at(0, fault('DescribeSecret', 6, 'throttle')), at(0, slow('RemoveRegionsFromReplication', 0, 24_000))],
      }),
    ],
  },
  {
    story: 'the Delete of a failed take-over looks at the secret for long, and another stack takes it meanwhile',
    templates: [
      [secret('A', 'a', { existingPolicy: 'ADOPT' })],
      [secret('B', 'b'), secret('A', 'a', { existingPolicy: 'ADOPT' })],
    ],
    steps: [
      byHand('creates', 'a'),
      sideBySide(
        [
          { stack: 'One', template: 0, failure: { after: 1 } },
          { stack: 'Two', template: 1 },
        ],
        [
          slow('CreateSecret', 0, 10_000),
          ...[1, 2].map((request) => at(request, slow('DescribeSecret', 0, 15_000, 'after'))),
        ],
      ),
    ],
  },
  {
    story: 'a secret has lost its tags, and a value that another stack wrote makes way before the next one',
    templates: [
      [secret('A', 'a', { existingPolicy: 'ADOPT', value: 'declared 1' })],
      [secret('A', 'a', { existingPolicy: 'ADOPT', retain: true, restoredValue: 'REGENERATE' })],
      [secret('A', 'a', { existingPolicy: 'ADOPT', value: 'declared 2' })],
    ],
    steps: [
      deploy('Two', 0),
      deploy('One', 1, { failure: { after: 1 } }),
      byHand('removes our tags', 'a'),
      deploy('Two', 2),
    ],
  },
  {
    story: 'a Create looks for long at the secret of its owner, and another stack takes it meanwhile',
    templates: [[A], [secret('A', 'a', { existingPolicy: 'ADOPT' })]],
    steps: [
      byHand('creates for One', 'a'),
      sideBySide(ONE_AND_TWO, [at(0, slow('DescribeSecret', 0, 12_000, 'after'))]),
    ],
  },
  {
    story: 'a Create is withdrawn, and goes on to change settings after its Delete gave the secret back',
    templates: [[secret('A', 'a', { owner: 'shared' })], [secret('A', 'a', { owner: 'shared', description: 'one' })]],
    steps: [
      deploy('Two', 0),
      deploy('One', 1, { failure: { after: 0, cancels: 0 }, faults: [at(0, slow('TagResource', 0, 12_000, 'after'))] }),
    ],
  },
  {
    story: 'a Delete for good takes its last look for long, and another stack takes the secret over meanwhile',
    templates: [[secret('A', 'a', { force: true })], [secret('A', 'a', { force: true, existingPolicy: 'ADOPT' })]],
    steps: [
      deploy('One', 0),
      sideBySide(
        [{ stack: 'One' }, { stack: 'Two', template: 1 }],
        [at(0, slow('DescribeSecret', 1, 15_000, 'after'))],
      ),
    ],
  },
  {
    story: 'a Create looks for long at a scheduled secret, and another stack restores it meanwhile',
    templates: [[A], [secret('A', 'a', { restorePolicy: 'ALWAYS' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      sideBySide(ONE_AND_TWO, [at(0, slow('DescribeSecret', 0, 12_000, 'after'))]),
    ],
  },
  {
    story:
      'a secret is given back by one delivery while another one still writes its value, and then sees to the policy',
    templates: [
      [A],
      [secret('C', 'a', { existingPolicy: 'ADOPT', restoredValue: 'REGENERATE', purgeProtection: true })],
    ],
    steps: [
      deploy('Two', 0),
      deploy('One', 1, {
        duplicates: OVERLAPPING,
        faults: [fault('TagResource', 0, 'quotes'), fault('PutSecretValue', 0, 'slow')],
      }),
    ],
  },
  {
    story: 'a secret comes into other hands while its Delete waits for the policy',
    templates: [
      [secret('A', 'a', { owner: 'shared', purgeProtection: true })],
      [secret('B', 'a', { owner: 'shared', purgeProtection: true })],
    ],
    steps: [
      deploy('One', 0),
      sideBySide(
        [{ stack: 'One' }, { stack: 'Two', template: 1 }],
        [{ ...fault('GetResourcePolicy', 0, 'slow'), request: 0 }],
      ),
    ],
  },
  {
    story: 'the organization forbids a deletion for good, and the stack goes all the same',
    templates: [[secret('A', 'a', { force: true })]],
    facts: { forbidsForce: true },
    steps: [deploy('One', 0), destroy('One')],
  },
  {
    story: 'an empty secret has the values of two failed take-overs, of which the second one was put back',
    templates: [
      [secret('A', 'a', { owner: 'shared', value: 'none' })],
      [secret('A', 'a', { owner: 'shared', restoredValue: 'REGENERATE' })],
      [secret('A', 'a', { owner: 'shared', value: 'declared 1' })],
    ],
    steps: [
      deploy('Two', 0),
      deploy('One', 1, { failure: { after: 1 } }),
      deploy('One', 1, { failure: { after: 1 } }),
      deploy('Two', 2),
    ],
  },
  {
    story: 'a Create looks for long whether somebody else has taken what it restored, and somebody does meanwhile',
    templates: [[A], [secret('A', 'a', { restorePolicy: 'ALWAYS' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      sideBySide(
        [
          { stack: 'Two', template: 1 },
          { stack: 'One', template: 0 },
        ],
        [0, 1].map((request) => at(request, slow('DescribeSecret', 1, 12_000, 'after'))),
      ),
    ],
  },
  {
    story: 'of two deliveries one fails and gives the secret back, which takes long, while the other one is answered',
    templates: [[secret('A', 'a', { existingPolicy: 'ADOPT', restoredValue: 'REGENERATE', description: 'one' })]],
    steps: [
      byHand('creates', 'a'),
      deploy('One', 0, {
        duplicates: twice(50),
        faults: [
          at(0, slow('TagResource', 0, 300)),
          at(0, fault('UpdateSecret', 1, 'denied')),
          at(0, fault('UpdateSecret', 2, 'quotes')),
          at(0, slow('answer', 0, 3_000)),
          at(0, slow('UpdateSecretVersionStage', 0, 8_000)),
        ],
      }),
    ],
  },
  {
    story: 'a Delete waits for its permission, while the Create that it undoes still writes its value',
    templates: [[secret('A', 'a', { restoredValue: 'REGENERATE' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0, {
        failure: { after: 0, cancels: 1_000 },
        faults: [
          at(0, slow('GetRandomPassword', 0, 3_500)),
          at(0, slow('PutSecretValue', 0, 15_000, 'after')),
          ...denied('DeleteSecret', 4).map((one) => at(1, one)),
        ],
      }),
    ],
  },
  {
    story: 'of two deliveries one waits for the permission to undo what it failed at, while the other one is answered',
    templates: [[A], [secret('A', 'a', { description: 'one' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 1, {
        duplicates: twice(50),
        faults: [
          at(0, fault('UpdateSecret', 1, 'internal')),
          at(0, slow('UpdateSecret', 0, 4_000)),
          ...denied('DeleteSecret', 4).map((one) => at(0, one)),
        ],
      }),
    ],
  },
  {
    story: 'both deliveries of an Update to a former name fail, one of them when the other one was answered',
    templates: [[A], [secret('A', 'b')]],
    steps: [
      deploy('One', 0),
      deploy('One', 1),
      deploy('One', 0, {
        duplicates: OVERLAPPING,
        faults: [fault('TagResource', 0, 'throttle'), fault('TagResource', 1, 'throttle')],
      }),
    ],
  },
  {
    story:
      'a second delivery of a Delete restores what is scheduled already to give it back, when the first one is answered',
    templates: [[secret('A', 'a', { restorePolicy: 'ALWAYS' })]],
    facts: { stateLags: true },
    steps: [
      deploy('Two', 0),
      destroy('Two'),
      deploy('One', 0, {
        failure: { after: 1 },
        duplicates: [{ request: 1, when: 'overlapping', after: 50 }],
        faults: [at(1, slow('RestoreSecret', 0, 6_000))],
      }),
    ],
  },
  {
    story: 'an Update is withdrawn while it makes the value of a new secret, and its rollback is faster',
    templates: [[A], [secret('A', 'b')]],
    facts: { withdrawsUpdates: true },
    steps: [
      deploy('One', 0),
      deploy('One', 1, {
        failure: { after: 0, cancels: 3_000 },
        faults: [at(0, slow('GetRandomPassword', 0, 14_000))],
      }),
    ],
  },
  {
    story:
      'of two deliveries one claims what looks scheduled still to the other one, and both promise protection; then all fails',
    templates: [[A], [secret('A', 'a', { purgeProtection: true, policy: true })]],
    facts: { stateLags: true },
    steps: [deploy('One', 0), destroy('One'), deploy('One', 1, { failure: { after: 1 }, duplicates: twice(400) })],
  },
  {
    story: 'a withdrawn Create adds the replica while its Delete is under way, which cannot delete the secret then',
    templates: [[secret('A', 'a', { ...REPLICATED, purgeProtection: true })]],
    steps: [
      deploy('One', 0, {
        failure: { after: 0, cancels: 1_000 },
        faults: [at(0, slow('ReplicateSecretToRegions', 0, 2_500))],
      }),
    ],
  },
  {
    story:
      'a second delivery of a Delete waits for a permission, and the first one has given back what was left behind',
    templates: [[secret('A', 'a', { retain: true })], EMPTY, [secret('A', 'a', { purgeProtection: true })]],
    steps: [
      deploy('One', 0),
      deploy('One', 1),
      deploy('One', 2, {
        failure: { after: 1 },
        duplicates: [{ request: 1, when: 'overlapping', after: 300 }],
      }),
    ],
  },
  {
    story: 'an Update has its tags set for long, and takes one off that the rollback has brought back',
    templates: [[secret('A', 'a', { team: 'red' })], [secret('A', 'a', { window: 7 })]],
    steps: [
      deploy('One', 0),
      deploy('One', 1, {
        duplicates: twice(1_000),
        faults: [at(0, slow('TagResource', 0, 19_000, 'after')), at(0, fault('UntagResource', 0, 'internal'))],
      }),
    ],
  },
  {
    story: 'a Create looks at the key of a live secret for long, and another stack takes the secret over meanwhile',
    templates: [
      [secret('A', 'a', { retain: true, key: KEY })],
      EMPTY,
      [secret('A', 'a', { existingPolicy: 'ADOPT', key: KEY })],
    ],
    steps: [
      deploy('One', 0),
      deploy('One', 1),
      sideBySide(
        [
          { stack: 'One', template: 0 },
          { stack: 'Two', template: 2 },
        ],
        [at(0, slow('DescribeKey', 0, 12_000, 'after'))],
      ),
    ],
  },
  {
    story: 'a Create looks at the key of a scheduled secret for long, and another stack restores the secret meanwhile',
    templates: [[secret('A', 'a', { key: KEY })], [secret('A', 'a', { restorePolicy: 'ALWAYS', key: KEY })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      sideBySide(ONE_AND_TWO, [at(0, slow('DescribeKey', 0, 12_000, 'after'))]),
    ],
  },
  {
    story: 'a Delete is delivered twice, and somebody restores what the second delivery finds scheduled at first',
    templates: [[A]],
    steps: [
      deploy('One', 0),
      {
        kind: 'deploy',
        deploys: [{ stack: 'One' }],
        faults: [at(0, slow('answer', 0, 3_000, 'after'))],
        duplicates: twice(1_500),
        meanwhile: { after: 4_000, what: 'restores', name: 'a' },
      },
    ],
  },
  {
    story:
      'an Update to a name that is refused is delivered twice, and its rollback restores what somebody has scheduled',
    templates: [[secret('A', 'a', { owner: 'shared' })], [secret('A', 'b')]],
    steps: [
      deploy('Two', 1),
      destroy('Two'),
      deploy('One', 0),
      byHand('schedules', 'a'),
      deploy('One', 1, { duplicates: twice(500) }),
    ],
  },
  {
    story:
      'a withdrawn adoption has begun to remove a replica, and the one that gets the secret back deletes it at once',
    templates: [
      [secret('A', 'a')],
      [secret('B', 'a', { existingPolicy: 'ADOPT', ...REPLICATED })],
      [secret('B', 'a', { existingPolicy: 'ADOPT' })],
    ],
    steps: [
      deploy('One', 0),
      deploy('Two', 1, { failure: { after: 1 } }),
      hastily(
        deploy('Two', 2, {
          failure: { after: 0, cancels: 2_000 },
          faults: [at(0, fault('RemoveRegionsFromReplication', 0, 'dies', 'after'))],
        }),
      ),
      destroy('One'),
    ],
  },
  {
    story: 'of two deliveries one fails and undoes its work, while a Delete takes away the replica of the other one',
    templates: [[secret('A', 'a', { value: 'declared 1', ...REPLICATED })]],
    steps: [
      deploy('One', 0, {
        failure: { after: 1 },
        duplicates: twice(100),
        faults: [
          slow('CreateSecret', 0, 2_500),
          slow('CreateSecret', 1, 9_000, 'after'),
          at(0, fault('DescribeSecret', 4, 'internal')),
          slow('DescribeStackResource', 0, 3_000),
          slow('DescribeStackResource', 3, 16_000),
        ],
      }),
    ],
  },
  {
    story: 'a withdrawn adoption has its value written when its Delete has given the secret back',
    templates: [[A], [secret('B', 'a', { existingPolicy: 'ADOPT', restoredValue: 'REGENERATE' })]],
    steps: [
      deploy('One', 0),
      deploy('Two', 1, { failure: { after: 0, cancels: 1_000 }, faults: [slow('PutSecretValue', 0, 15_000)] }),
    ],
  },
  {
    story: 'a withdrawn Create has its value written while its Delete waits for a permission',
    templates: [
      [secret('A', 'a', { purgeProtection: true })],
      [secret('B', 'a', { restorePolicy: 'ALWAYS', restoredValue: 'REGENERATE', purgeProtection: true })],
    ],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('Two', 1, {
        failure: { after: 0, cancels: 500 },
        faults: [
          slow('PutSecretValue', 0, 8_000),
          at(0, fault('GetResourcePolicy', 0, 'dies')),
          ...denied('GetResourcePolicy', 5).map((one) => at(1, one)),
        ],
      }),
    ],
  },
  {
    story: 'another stack takes a secret over while its holder asks whether it may delete it for good',
    templates: [
      [secret('A', 'a', { owner: 'shared', force: true, ...REPLICATED })],
      [secret('B', 'a', { owner: 'shared', existingPolicy: 'ADOPT', ...REPLICATED })],
    ],
    steps: [
      deploy('One', 0),
      sideBySide(
        [{ stack: 'One' }, { stack: 'Two', template: 1 }],
        [at(0, slow('DescribeStackEvents', 0, 10_000, 'after'))],
      ),
    ],
  },
  {
    story: 'a rollback gives the owner of a secret back, which takes long, and another stack restores it meanwhile',
    templates: [[secret('A', 'a', { restorePolicy: 'ALWAYS' })]],
    facts: { stateLags: true },
    steps: [
      deploy('One', 0),
      destroy('One'),
      sideBySide(
        [
          { stack: 'Two', template: 0, failure: { after: 1 } },
          { stack: 'One', template: 0 },
        ],
        [at(2, slow('TagResource', 0, 9_000))],
      ),
    ],
  },
  {
    story: 'an Update that adopts is delivered twice, and one delivery asks until the rollback has ended',
    templates: [[secret('A', 'a'), secret('B', 'b')], [secret('A', 'b', { existingPolicy: 'ADOPT' })]],
    steps: [
      deploy('One', 0),
      deploy('One', 1, {
        duplicates: twice(100),
        faults: [slow('DescribeStackResource', 0, 20_000), at(0, fault('TagResource', 0, 'quotes'))],
      }),
    ],
  },
  {
    story:
      'a second attempt writes a value and fails, after a first one that restored the secret and was not rolled back',
    templates: [[A], [secret('A', 'a', { value: 'declared 1' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0, { failure: { after: 1, stays: true } }),
      deploy('One', 1, { failure: { after: 1 } }),
    ],
  },
  {
    story: 'a second delivery of an Update that failed restores what its rollback has looked for in vain',
    templates: [[A], [secret('A', 'b')], [secret('A', 'a', { description: 'one' })]],
    steps: [
      deploy('One', 0),
      deploy('One', 1),
      deploy('One', 2, {
        duplicates: twice(50),
        faults: [
          at(0, fault('DescribeSecret', 0, 'quotes')),
          at(0, slow('answer', 0, 3_000)),
          at(0, slow('RestoreSecret', 0, 25_000)),
        ],
      }),
    ],
  },
  {
    story:
      'an attempt restores a secret with the value that a stack left which failed and was deleted, and the next one writes',
    templates: [
      [secret('A', 'a', { owner: 'shared', value: 'declared 1' })],
      [secret('A', 'a', { owner: 'shared' })],
      EMPTY,
    ],
    steps: [
      deploy('One', 0),
      deploy('Two', 2),
      deploy('One', 1, { failure: { after: 1, deletes: true } }),
      deploy('Two', 1, { failure: { after: 1, stays: true } }),
      deploy('Two', 0),
    ],
  },
  {
    story: 'an Update that restores a protected secret fails, when the template has put its own policy on it',
    templates: [
      [secret('A', 'b', { purgeProtection: true })],
      [A],
      [secret('A', 'b', { existingPolicy: 'ADOPT', policy: true })],
    ],
    steps: [deploy('One', 0), deploy('One', 1), deploy('One', 2, { failure: { after: 1 } })],
  },
  {
    story: 'of two deliveries one fails and puts the value back, which takes long, while the other one is answered',
    templates: [[secret('A', 'a', { ...REPLICATED, restoredValue: 'REGENERATE' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('One', 0, {
        duplicates: twice(1_500),
        faults: [at(0, fault('GetRandomPassword', 1, 'quotes')), at(0, slow('UpdateSecretVersionStage', 0, 60_000))],
      }),
    ],
  },
  {
    story: 'an Update to another name is refused and not rolled back, and counts as what was there before',
    templates: [[A], [secret('A', 'b')]],
    facts: { attemptCounts: true },
    steps: [
      deploy('Two', 1),
      deploy('One', 0),
      deploy('One', 1, { failure: { after: 1, stays: true } }),
      deploy('One', 1),
    ],
  },
  {
    story: 'a deployment fails before it writes a value, and the events of the stack cannot be seen',
    templates: [[A], [secret('A', 'a', { value: 'declared 1' })], [secret('A', 'a', { value: 'declared 2' })]],
    facts: { eventsAreHidden: true },
    steps: [deploy('One', 0), deploy('One', 1), deploy('One', 2, { faults: [fault('DescribeSecret', 0, 'quotes')] })],
  },
  {
    story:
      'a secret goes that was restored and has got another value since, and the events of the stack cannot be seen',
    templates: [[A], [secret('A', 'a', { value: 'declared 1' })]],
    facts: { eventsAreHidden: true },
    steps: [deploy('One', 0), destroy('One'), deploy('One', 0), deploy('One', 1), destroy('One')],
  },
  {
    story: 'a Create is never answered, and the Delete that follows cannot see whether a retained secret is of it',
    templates: [[secret('A', 'a', { retain: true })], EMPTY, [A]],
    facts: { eventsAreHidden: true },
    steps: [
      deploy('One', 0),
      deploy('One', 1),
      deploy('One', 2, { faults: [0, 1, 2].map((call) => fault('DescribeSecret', call, 'dies')) }),
    ],
  },
  {
    story: 'a second delivery of a Delete waits for the policy of a secret, while another stack takes that policy off',
    templates: [[secret('A', 'a', { purgeProtection: true })], [secret('A', 'a', { restorePolicy: 'ALWAYS' })]],
    steps: [
      deploy('One', 0),
      {
        kind: 'deploy',
        deploys: [{ stack: 'One' }, { stack: 'Two', template: 1 }],
        faults: [at(0, slow('GetResourcePolicy', 0, 2_000)), at(0, slow('GetResourcePolicy', 1, 30_000))],
        duplicates: twice(300),
      },
    ],
  },
  {
    story:
      'an attempt adopts a secret, the next one changes its owner and fails, and the rollback names the one before',
    templates: [[secret('A', 'a', { owner: 'shared' })], [secret('A', 'a', { owner: 'another', key: KEY })]],
    steps: [
      byHand('disables the key', 'a'),
      deploy('One', 0),
      deploy('Two', 0, { failure: { after: 1, stays: true } }),
      deploy('Two', 1),
    ],
  },
  {
    story: 'a Create is refused and not rolled back, and what follows deletes it like what was replaced',
    templates: [[A], [secret('A', 'b')]],
    facts: { deletesFailedCreates: true },
    steps: [
      deploy('One', 0),
      deploy('Two', 0, { failure: { after: 1, stays: true } }),
      deploy('Two', 1, { faults: [at(1, fault('DescribeSecret', 0, 'dies'))] }),
    ],
  },
  {
    story: 'a secret without tags is given back and some stay, then its stack puts its own back, and lets go of it',
    templates: [
      [secret('A', 'a', { existingPolicy: 'ADOPT' })],
      [secret('A', 'a', { existingPolicy: 'ADOPT', description: 'one' })],
    ],
    steps: [
      deploy('One', 0),
      byHand('removes our tags', 'a'),
      // The owner goes first, and the rest never.
      deploy('Two', 0, {
        failure: { after: 1 },
        faults: denied('UntagResource', 29)
          .slice(1)
          .map((one) => at(1, one)),
      }),
      deploy('One', 1),
      destroy('One'),
    ],
  },
  {
    story: 'an attempt writes a value and is not rolled back, the next one changes the name, and all is rolled back',
    templates: [[A], [secret('A', 'a', { value: 'declared 1' })], [secret('A', 'b')]],
    steps: [
      deploy('One', 0),
      deploy('One', 1, { failure: { after: 1, stays: true } }),
      deploy('One', 2, { failure: { after: 1 } }),
    ],
  },
  {
    story: 'a withdrawn Create gives the owner of what it restored back, which takes long, and then goes on',
    templates: [[A], [secret('A', 'a', { restorePolicy: 'ALWAYS', restoredValue: 'REGENERATE' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('Two', 1, {
        failure: { after: 0, cancels: 0 },
        faults: [at(0, slow('TagResource', 0, 12_000)), at(0, slow('TagResource', 1, 13_000))],
      }),
    ],
  },
  {
    story: 'what was replaced is deleted once more, when another stack has taken it and is giving it back',
    templates: [[secret('A', 'a', { owner: 'shared' })], [secret('A', 'b', { owner: 'shared' })]],
    steps: [
      deploy('One', 0),
      sideBySide(
        [
          { stack: 'One', template: 1 },
          { stack: 'Two', template: 0, failure: { after: 1 } },
        ],
        [slow('TagResource', 0, 7_000, 'after')],
        [{ request: 2, when: 'again' }],
      ),
    ],
  },
  {
    story: 'of two deliveries one restores, fails and schedules in the moment in which the other one adopts',
    templates: [[A], [secret('A', 'a', { restorePolicy: 'ALWAYS', existingPolicy: 'ADOPT' })]],
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('Two', 1, { duplicates: twice(300), faults: [at(0, fault('DescribeSecret', 1, 'internal'))] }),
    ],
  },
  {
    story:
      'a Delete may not see the events of its stack at first, puts the value of the holder before back, and sees them then',
    templates: [[A], [secret('A', 'a', { existingPolicy: 'ADOPT', restoredValue: 'REGENERATE' })]],
    steps: [deploy('One', 0), deploy('Two', 1), destroy('Two', { faults: denied('DescribeStacks', 8) })],
  },
  {
    story: 'an Update that goes on from a failed one is delivered twice, and both put the value from before back',
    templates: [
      [A],
      [secret('A', 'a', { value: 'generated 2' })],
      [secret('A', 'a', { value: 'declared 1', purgeProtection: true })],
    ],
    steps: [
      deploy('One', 0),
      deploy('One', 1, { failure: { after: 1, stays: true } }),
      deploy('One', 2, { duplicates: twice(80) }),
    ],
  },
  {
    story: 'a delivery fails and waits until it may give the owner back, and another one is carried through',
    templates: [[A], [secret('A', 'a', { restorePolicy: 'ALWAYS' })]],
    facts: { stateLags: true },
    steps: [
      deploy('One', 0),
      destroy('One'),
      deploy('Two', 1, {
        duplicates: twice(1_500),
        faults: [
          at(0, fault('TagResource', 0, 'throttle', 'after')),
          at(0, fault('TagResource', 1, 'denied')),
          at(0, fault('TagResource', 2, 'denied')),
          at(0, fault('TagResource', 3, 'denied')),
        ],
      }),
    ],
  },
  {
    story: 'a secret is deleted for good while another delivery takes the wish for that off its tags',
    templates: [
      [secret('A', 'a', { force: true, ...REPLICATED })],
      [secret('B', 'a', { force: true, existingPolicy: 'ADOPT', restoredValue: 'REGENERATE', ...REPLICATED })],
    ],
    steps: [
      deploy('One', 0),
      deploy('One', 1, { duplicates: twice(300), faults: [at(0, fault('GetRandomPassword', 0, 'internal', 'after'))] }),
    ],
  },
  {
    story: 'a Delete notes for long which replicas leave, and meanwhile another stack takes the secret over',
    templates: [[A], [secret('A', 'a', { existingPolicy: 'ADOPT', ...REPLICATED })]],
    steps: [
      deploy('One', 0),
      deploy('Two', 1, { failure: { after: 1 } }),
      sideBySide([{ stack: 'One' }, { stack: 'Two', template: 1 }], [at(0, slow('TagResource', 0, 21_000))]),
    ],
  },
  {
    story: 'a person schedules what a stack has, and another stack that restores everything wants it',
    templates: [[A], [secret('A', 'a', { restorePolicy: 'ALWAYS' })]],
    steps: [deploy('One', 0), byHand('schedules', 'a'), deploy('Two', 1)],
  },
  {
    story: 'a person schedules what a stack has, and another one that also takes over what is live wants it',
    templates: [[A], [secret('A', 'a', { restorePolicy: 'ALWAYS', existingPolicy: 'ADOPT' })]],
    steps: [deploy('One', 0), byHand('schedules', 'a'), deploy('Two', 1)],
  },
  {
    story:
      'a withdrawn Create comes after its Delete, and learns neither that it has created its secret nor sees it then',
    templates: [[A]],
    steps: [
      deploy('One', 0, {
        failure: { after: 0, cancels: 0 },
        faults: [
          ...denied('GetRandomPassword', 6).map((one) => at(0, one)),
          at(0, fault('CreateSecret', 0, 'throttle', 'after')),
          at(0, fault('DescribeSecret', 1, 'internal')),
        ],
      }),
    ],
  },
  {
    story: 'an Update to another name can create nothing, and does not see whether it has',
    templates: [[A], [secret('A', 'b')]],
    steps: [
      deploy('One', 0),
      deploy('One', 1, {
        faults: [at(0, fault('CreateSecret', 0, 'quotes')), at(0, fault('DescribeSecret', 1, 'broken'))],
      }),
    ],
  },
  {
    story: 'of two deliveries of a Delete one schedules the secret and dies, and the other one is about to protect it',
    templates: [[secret('A', 'a', { purgeProtection: true })]],
    steps: [
      deploy('One', 0),
      destroy('One', {
        duplicates: twice(100),
        faults: [at(0, fault('DeleteSecret', 0, 'dies', 'after')), at(0, slow('GetResourcePolicy', 1, 1_500))],
      }),
    ],
  },
  {
    story: 'a person schedules a secret while it is being rotated, and an Update restores it',
    templates: [[A], [secret('A', 'a', { description: 'one' })]],
    steps: [deploy('One', 0), byHand('begins a rotation', 'a'), byHand('schedules', 'a'), deploy('One', 1)],
  },
];
