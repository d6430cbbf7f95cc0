import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { SecretDeletionMonitorProps } from '../../../src/secret-deletion-monitor-props';
import { lastLines } from '../../support/run';
import { ATTEMPTS, UNCONFIRMED } from '../attempt-matrix';
import type { CloudTrailEvent } from '../cloudtrail-events';
import { eventPattern, monitorTemplate, operationsStack } from '../templates';

/*
 * `npm run test:ruler`: does Event Ruler, the engine that EventBridge itself matches with, decide as the matrix expects
 * and as the emulator does? Needs Java and Maven, so that it is no part of `npm test`.
 *
 * https://github.com/aws/event-ruler
 */

const TOOLS = path.join(__dirname, '..', '..', '..', '.tools');
const POM = path.join(__dirname, 'pom.xml');
const MINIMUM_JAVA = 11;

interface Question {
  readonly title: string;
  readonly pattern: string;
  readonly event: CloudTrailEvent;
  readonly expected: boolean;
}

function questions(): Question[] {
  const monitors: [string, 'all' | 'prefix' | 'secret', SecretDeletionMonitorProps][] = [
    ['all secrets', 'all', {}],
    ['a prefix', 'prefix', { secretNamePrefix: 'prod/' }],
    ['one secret', 'secret', { secrets: [Secret.fromSecretNameV2(operationsStack(), 'ByName', 'prod/db')] }],
  ];
  const included = { includeAccessDenied: true, includeBatchGetSecretValue: true, includeDescribeSecret: true };

  return monitors.flatMap(([monitor, column, watched]) => {
    const pattern = eventPattern(monitorTemplate(watched), 'Calls that failed');
    const attempts = ATTEMPTS.map(({ title, event, [column]: expected }) => ({
      title: `attempts, monitor of ${monitor}: ${title}`,
      pattern,
      event,
      expected,
    }));
    // Unconfirmed attempts are for narrowed monitors only.
    if (column === 'all') return attempts;

    const unconfirmedPattern = eventPattern(monitorTemplate({ ...watched, ...included }), 'Calls that may');
    const unconfirmed = UNCONFIRMED.map(({ title, event, [column]: expected }) => ({
      title: `unconfirmed attempts, monitor of ${monitor}: ${title}`,
      pattern: unconfirmedPattern,
      event,
      expected,
    }));
    return [...attempts, ...unconfirmed];
  });
}

/** What Event Ruler says to each question. */
function answers(jars: string, asked: Question[]): boolean[] {
  const input = asked.map(({ pattern, event }) => `{"pattern":${pattern},"event":${JSON.stringify(event)}}`).join('\n');
  const classpath = path.join(jars, '*');
  const output = execute('java', ['-cp', classpath, path.join(__dirname, 'EventRuler.java')], input);
  const lines = output.trim().split('\n');
  if (lines.length !== asked.length || lines.some((line) => line !== 'true' && line !== 'false')) {
    throw new Error(`Event Ruler must answer ${asked.length} times with true or false, got:\n${lastLines(output)}`);
  }
  return lines.map((line) => line === 'true');
}

/** The directory that holds Event Ruler and its dependencies as the POM pins them; made once, and renamed when complete. */
function eventRuler(): string {
  const hash = createHash('sha256').update(fs.readFileSync(POM)).digest('hex').slice(0, 12);
  const directory = path.join(TOOLS, `event-ruler-${hash}`);
  if (fs.existsSync(directory)) return directory;

  fs.mkdirSync(TOOLS, { recursive: true });
  const draft = fs.mkdtempSync(`${directory}.`);
  try {
    console.log('Maven fetches Event Ruler (first run only)');
    const options = ['--batch-mode', '--quiet', '--file', POM, '-DincludeScope=runtime', `-DoutputDirectory=${draft}`];
    execute('mvn', [...options, 'dependency:copy-dependencies']);
    fs.renameSync(draft, directory);
  } finally {
    fs.rmSync(draft, { recursive: true, force: true });
  }
  return directory;
}

function assertTools(): void {
  // The compiler runs the source file; a runtime environment alone does not have it.
  const java = spawnSync('java', ['--list-modules'], { encoding: 'utf8' });
  const version = /^jdk\.compiler@(\d+)/m.exec(java.stdout ?? '')?.[1];
  const missing: string[] = [];
  if (java.error) missing.push('no java');
  else if (version === undefined) missing.push('a java without a compiler, or older than 9');
  else if (Number(version) < MINIMUM_JAVA) missing.push(`java ${version}`);
  if (spawnSync('mvn', ['--version']).error) missing.push('no mvn');
  if (missing.length > 0) {
    throw new Error(
      `test:ruler needs a JDK ${MINIMUM_JAVA} or newer and Maven on the PATH, got: ${missing.join(' and ')}`,
    );
  }
}

function execute(command: string, args: string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', input });
  if (status !== 0) throw new Error(`${command} failed (${status ?? 'killed'})\n${lastLines(`${stdout}\n${stderr}`)}`);
  return stdout;
}

function main(): boolean {
  assertTools();
  const jars = eventRuler();
  const [, version] = /<artifactId>event-ruler<\/artifactId>\s*<version>(.*)<\/version>/.exec(
    fs.readFileSync(POM, 'utf8'),
  ) as RegExpExecArray;
  const asked = questions();
  const given = answers(jars, asked);

  const wrong = asked.filter(({ expected }, i) => given[i] !== expected);
  for (const { title, expected } of wrong) console.log(`✖ should ${expected ? 'match' : 'not match'}: ${title}`);
  const matched = asked.filter(({ expected }) => expected).length;
  console.log(
    wrong.length === 0
      ? `✔ Event Ruler ${version} agrees about all ${asked.length} events: ${matched} match, ${asked.length - matched} do not`
      : `✖ Event Ruler ${version} disagrees about ${wrong.length} of ${asked.length} events`,
  );
  return wrong.length === 0;
}

try {
  process.exitCode = main() ? 0 : 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
