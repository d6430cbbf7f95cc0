import { AwsError, type Calls, execute, type Json } from './state-machine';

export const DAY = 86_400_000;
const ACCOUNT_AND_REGION = 'us-east-1:000000000000';

/** What `DeletedDate` is: AWS documents both. */
export type DeletedDate = 'end of the window' | 'time of the request';

export interface FakeSecret {
  readonly name: string;
  readonly tags: Record<string, string>;
  /** When it was changed last. */
  changed: number;
  accessed?: number;
  /** Undefined while it is live. */
  scheduled?: { readonly at: number; readonly window: number };
}

export interface Published {
  readonly at: number;
  readonly Subject: string;
  readonly Message: string;
}

/** An account whose clock the test moves, with what the daily check calls. */
export class PendingWorld {
  readonly secrets = new Map<string, FakeSecret>();
  readonly published: Published[] = [];
  readonly kept: string[] = [];
  readonly logged: Json[] = [];
  readonly metrics: Record<string, number>[] = [];
  readonly calls: string[] = [];
  /** What Step Functions bills for the last check that succeeded. */
  transitions = 0;
  /** What fails, by `service:action`, from now on. */
  readonly broken = new Set<string>();
  /** Outputs of the executions that succeeded. */
  private readonly succeeded: Json[] = [];

  constructor(
    private readonly definition: Json,
    public now: number,
    private readonly meaning: DeletedDate = 'end of the window',
    /** Whether Secrets Manager counts scheduling as a change. */
    private readonly schedulingIsChange = true,
  ) {}

  create(name: string, more: Partial<FakeSecret> = {}): FakeSecret {
    const secret = { name, tags: {}, changed: this.now - 100 * DAY, ...more };
    this.secrets.set(name, secret);
    return secret;
  }

  schedule(name: string, window: number): void {
    const secret = this.get(name);
    secret.scheduled = { at: this.now, window };
    if (this.schedulingIsChange) secret.changed = this.now;
  }

  restore(name: string): void {
    const secret = this.get(name);
    secret.scheduled = undefined;
    secret.changed = this.now;
  }

  /** Runs the check; false when it failed. */
  async check(): Promise<boolean> {
    const { now } = this;
    try {
      const { output, transitions } = await execute(
        this.definition,
        { now: new Date(now).toISOString() },
        this.services(),
        {
          Execution: { StartTime: '1970-01-01T00:00:00Z' },
          StateMachine: { Id: 'arn:machine', Name: 'machine' },
        },
      );
      this.succeeded.push(output);
      this.transitions = transitions;
      return true;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      return false;
    }
  }

  private get(name: string): FakeSecret {
    const secret = this.secrets.get(name);
    if (!secret) throw new Error(`no secret ${name}`);
    return secret;
  }

  private services(): Calls {
    const services: Calls = {
      'sfn:listExecutions': () => ({
        Executions: this.succeeded.length > 0 ? [{ ExecutionArn: String(this.succeeded.length - 1) }] : [],
      }),
      'sfn:describeExecution': ({ ExecutionArn }) => ({ Output: JSON.stringify(this.succeeded[Number(ExecutionArn)]) }),
      'secretsmanager:listSecrets': (args) => this.listSecrets(args),
      'sns:publish': ({ Subject, Message }) => {
        this.published.push({ at: this.now, Subject, Message });
        return { MessageId: 'm' };
      },
      'sqs:sendMessage': ({ MessageBody }) => {
        this.kept.push(MessageBody);
        return {};
      },
      'cloudwatchlogs:putLogEvents': ({ LogEvents }) => {
        this.logged.push(...LogEvents.map(({ Message }: Json) => JSON.parse(Message)));
        return {};
      },
      'cloudwatch:putMetricData': ({ MetricData }) => {
        this.metrics.push(Object.fromEntries(MetricData.map(({ MetricName, Value }: Json) => [MetricName, Value])));
        return {};
      },
    };
    return Object.fromEntries(
      Object.entries(services).map(([name, call]) => [
        name,
        (args: Json) => {
          this.calls.push(name);
          if (this.broken.has(name)) throw new AwsError(`Broken.${name}`);
          return call(args);
        },
      ]),
    );
  }

  private listSecrets({ IncludePlannedDeletion, MaxResults, NextToken = '0', Filters }: Json): Json {
    if (!IncludePlannedDeletion) throw new Error('asks for what is not scheduled only');
    const prefixes: string[] | undefined = Filters?.[0].Values;
    if (prefixes && prefixes.length > 10) throw new Error('more values than a filter takes');
    const [negated = [], wanted = []] = prefixes
      ? [true, false].map((negation) => prefixes.filter((prefix) => prefix.startsWith('!') === negation))
      : [];
    const all = [...this.secrets.values()].filter(
      ({ name }) =>
        !prefixes ||
        (wanted.some((prefix) => name.startsWith(prefix)) &&
          !negated.some((prefix) => name.startsWith(prefix.slice(1)))),
    );
    const start = Number(NextToken);
    const end = start + MaxResults;
    return {
      SecretList: all.slice(start, end).map((secret) => this.entry(secret)),
      ...(end < all.length && { NextToken: String(end) }),
    };
  }

  private entry({ name, tags, changed, accessed, scheduled }: FakeSecret): Json {
    const iso = (time: number) => new Date(time).toISOString();
    return {
      Name: name,
      // Either may be how Step Functions writes it.
      [name.length % 2 === 0 ? 'ARN' : 'Arn']: arnOf(name),
      LastChangedDate: iso(changed),
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      ...(accessed !== undefined && { LastAccessedDate: iso(accessed) }),
      ...(scheduled && {
        DeletedDate: iso(this.meaning === 'end of the window' ? scheduled.at + scheduled.window * DAY : scheduled.at),
      }),
    };
  }
}

/** An ARN whose six characters follow from the name. */
export function arnOf(name: string): string {
  const suffix = [...name].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 36 ** 6, 7);
  return `arn:aws:secretsmanager:${ACCOUNT_AND_REGION}:secret:${name}-${suffix.toString(36).padStart(6, 'a')}`;
}
