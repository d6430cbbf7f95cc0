import { rushes } from '../test/fake/crowd';
import { number, times } from './figures';
import type { Section } from './section';

const SECRETS = 450;
/** Environments at the same time: as many as secrets, and what an account with other functions may have left. */
const ENVIRONMENTS = [450, 100];
/** Requests a second of every operation that counts here. */
const RATE = 50;

/** What the limits of AWS do to a stack that changes all its secrets at once; in virtual time. */
export async function throttling(): Promise<Section> {
  const measured = [];
  for (const environments of ENVIRONMENTS) {
    for (const rush of await rushes(SECRETS, environments)) measured.push({ environments, ...rush });
  }
  const least = SECRETS / RATE;
  const failed = measured.reduce((sum, { failures }) => sum + failures.length, 0);
  const slowest = Math.max(...measured.map(({ seconds }) => seconds));
  return {
    title: 'Many at once, under the request rates of AWS',
    about:
      `The requests of ${SECRETS} secrets at the same moment, which is worse than CloudFormation makes it. The handler ` +
      'and the SDK with its retries are real; time is virtual, and a model of Secrets Manager refuses more than ' +
      `${RATE} requests a second of an operation, a model of CloudFormation more than 10 (a guess, AWS does not publish ` +
      `it). With ${RATE} a second nothing can be faster than ${number(least)} s, which is what the ratio is to.`,
    columns: ['event', 'environments of Lambda', 'failed', 'seconds', 'ratio', 'requests', 'refused, and sent again'],
    rows: measured.map(({ event, environments, failures, seconds, taken, refused }) => [
      event,
      number(environments),
      `**${number(failures.length)}**`,
      number(seconds, 1),
      times(seconds, least),
      number(taken),
      number(refused),
    ]),
    findings: [
      `Of ${SECRETS} secrets that are created, deleted or restored at the same moment, ${failed === 0 ? 'none' : number(failed)} ` +
        `failed in a model of these rates, and the last one was done after ${number(slowest)} s.`,
    ],
    notes: [
      'A secret takes longer than 2 s here, so CloudFormation is asked as well whether it still waits; its rate then decides.',
    ],
    comparisons: measured
      .filter(({ environments, event }) => environments === SECRETS && event !== 'restore')
      .map(({ event, seconds }) => ({
        what: `${event} ${SECRETS} at once, in a model`,
        than: `AWS's ${RATE} calls a second`,
        ours: seconds,
        instead: least,
        show: (figure) => `${number(figure)} s`,
      })),
  };
}
