import * as fc from 'fast-check';
import type { Duplicate } from './cloudformation-model';
import type { Fault } from './faults';

// The first choice of every list is what a life is simplified to.

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
  'GetRandomPassword',
  'DescribeStackResource',
  'DescribeStacks',
  'answer',
];

const anywhere: fc.Arbitrary<Fault[]> = fc
  .record({ call: fc.nat(25), moment: fc.constantFrom('before', 'after'), kind: fc.constantFrom(...KINDS) })
  .map((fault) => [fault]);

/** At one operation of one request, once or several times in a row, for which the function waits and tries again. */
export const aimed = (request: fc.Arbitrary<number>): fc.Arbitrary<Fault[]> =>
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

export const fault = fc.oneof({ weight: 2, arbitrary: anywhere }, { weight: 3, arbitrary: aimed(nearby) });

export const duplicate: fc.Arbitrary<Duplicate> = fc.record({
  request: nearby,
  when: fc.constantFrom('again', 'overlapping', 'later', 'overlapping'),
});

/** How long a request is under way when CloudFormation withdraws it; milliseconds. */
export const moments = fc.oneof(
  { weight: 3, arbitrary: fc.nat(1_500) },
  { weight: 1, arbitrary: fc.integer({ min: 2_000, max: 60_000 }) },
);
