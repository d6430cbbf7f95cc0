import { setTimeout as sleep } from 'node:timers/promises';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, GetMetricStatisticsCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { EventBridgeClient, PutEventsCommand, TestEventPatternCommand } from '@aws-sdk/client-eventbridge';
import {
  DescribeExecutionCommand,
  type ExecutionStatus,
  paginateListStateMachines,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { CREDENTIALS, REGION } from '../support/cdk-cli';
import { type CloudTrailEvent, REHEARSAL_SOURCE } from './cloudtrail-events';

// The SDK tells once per process how long it will support this version of Node.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/**
 * Connects an emulator's EventBridge with what people receive.
 *
 * No emulator carries CloudTrail's events to EventBridge, and this one serves only rules that are plainly enabled, and
 * no encryption on the way. So `rehearse` changes these three things about a template, and `send` plays the part of
 * CloudTrail.
 */
export class Rehearsal {
  private readonly cloudFormation: CloudFormationClient;
  private readonly eventBridge: EventBridgeClient;
  private readonly sqs: SQSClient;
  private readonly stepFunctions: SFNClient;
  private readonly cloudWatch: CloudWatchClient;
  private readonly logs: CloudWatchLogsClient;

  constructor(endpoint: string) {
    const config = { endpoint, region: REGION, credentials: CREDENTIALS };
    this.cloudFormation = new CloudFormationClient(config);
    this.eventBridge = new EventBridgeClient(config);
    this.sqs = new SQSClient(config);
    this.stepFunctions = new SFNClient(config);
    this.cloudWatch = new CloudWatchClient(config);
    this.logs = new CloudWatchLogsClient(config);
  }

  /** Whether EventBridge would hand the event to a rule with this pattern. */
  async matches(pattern: string, event: CloudTrailEvent): Promise<boolean> {
    const { Result } = await this.eventBridge.send(
      new TestEventPatternCommand({ EventPattern: pattern, Event: JSON.stringify(event) }),
    );
    return Result === true;
  }

  /** Deploys a template, changed as a rehearsal needs it, and returns the stack's outputs. */
  async deploy(stackName: string, template: Record<string, unknown>): Promise<Record<string, string>> {
    const { cloudFormation: client } = this;
    await client.send(
      new CreateStackCommand({
        StackName: stackName,
        TemplateBody: JSON.stringify(rehearse(template)),
        Capabilities: ['CAPABILITY_IAM'],
      }),
    );
    await waitUntilStackCreateComplete({ client, maxWaitTime: 30, minDelay: 1 }, { StackName: stackName });
    const { Stacks: [{ Outputs = [] }] = [{}] } = await client.send(
      new DescribeStacksCommand({ StackName: stackName }),
    );
    return Object.fromEntries(Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  }

  /** Sends an event as CloudTrail would. */
  async send({ 'detail-type': DetailType, detail }: CloudTrailEvent): Promise<void> {
    const { FailedEntryCount } = await this.eventBridge.send(
      new PutEventsCommand({ Entries: [{ Source: REHEARSAL_SOURCE, DetailType, Detail: JSON.stringify(detail) }] }),
    );
    if (FailedEntryCount !== 0) throw new Error('EventBridge refused the event');
  }

  /**
   * Takes the texts out of a queue: as soon as there are at least `count`, or what came in ten seconds.
   *
   * @param signal ends the waiting
   */
  async receive(queueUrl: string, count: number, signal?: AbortSignal): Promise<string[]> {
    const texts: string[] = [];
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
      signal?.throwIfAborted();
      const complete = texts.length >= count;
      const { Messages = [] } = await this.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          // The emulator delivers before it answers the sender: what is not there by now does not come.
          WaitTimeSeconds: complete ? 0 : 1,
        }),
      );
      for (const { Body = '', ReceiptHandle } of Messages) {
        texts.push(Body);
        await this.sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
      }
      if (complete && Messages.length === 0) break;
    }
    return texts;
  }

  /**
   * Runs the one state machine whose name has this in it, to its end.
   *
   * @param input what the schedule would give it: above all the time
   */
  async run(name: string, input: { readonly now: string }, signal?: AbortSignal): Promise<Execution> {
    const { stepFunctions: client } = this;
    const arns: string[] = [];
    for await (const { stateMachines = [] } of paginateListStateMachines({ client }, {})) {
      arns.push(
        ...stateMachines.flatMap(({ stateMachineArn = '' }) => (stateMachineArn.includes(name) ? stateMachineArn : [])),
      );
    }
    if (arns.length !== 1) throw new Error(`${arns.length} state machines for '${name}'`);
    const started = new StartExecutionCommand({ stateMachineArn: arns[0], input: JSON.stringify(input) });
    const { executionArn } = await client.send(started);
    for (;;) {
      const {
        status = 'RUNNING',
        output = 'null',
        cause,
      } = await client.send(new DescribeExecutionCommand({ executionArn }));
      if (status !== 'RUNNING') return { status, output: JSON.parse(output), cause };
      await sleep(50, undefined, { signal });
    }
  }

  /** What was counted in the last hour under a name that only one metric has. */
  async metric(MetricName: string): Promise<Record<string, number | undefined>> {
    const { Metrics: [{ Namespace, Dimensions } = {}] = [] } = await this.cloudWatch.send(
      new ListMetricsCommand({ MetricName }),
    );
    const hour = 3_600_000;
    const { Datapoints = [] } = await this.cloudWatch.send(
      new GetMetricStatisticsCommand({
        Namespace,
        MetricName,
        Dimensions,
        StartTime: new Date(Date.now() - hour),
        EndTime: new Date(Date.now() + hour),
        // Everything in one.
        Period: 86_400,
        Statistics: ['SampleCount', 'Minimum', 'Maximum'],
      }),
    );
    const [{ SampleCount, Minimum, Maximum } = {}] = Datapoints;
    return { SampleCount, Minimum, Maximum };
  }

  /** The texts in the one log group whose name has this in it. */
  async logged(name: string): Promise<string[]> {
    const { logs: client } = this;
    const { logGroups = [] } = await client.send(new DescribeLogGroupsCommand({}));
    const names = logGroups.map(({ logGroupName = '' }) => logGroupName).filter((found) => found.includes(name));
    if (names.length !== 1) throw new Error(`${names.length} log groups for '${name}'`);
    const texts: string[] = [];
    for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName: names[0] })) {
      texts.push(...events.map(({ message = '' }) => message));
    }
    return texts;
  }

  destroy(): void {
    for (const client of [
      this.cloudFormation,
      this.eventBridge,
      this.sqs,
      this.stepFunctions,
      this.cloudWatch,
      this.logs,
    ])
      client.destroy();
  }
}

/** How a state machine ended, and with what. */
export interface Execution {
  readonly status: ExecutionStatus;
  // biome-ignore lint/suspicious/noExplicitAny: what a state machine returns has no type
  readonly output: any;
  readonly cause?: string;
}

/** A copy of a template whose rules are plainly enabled and listen to a rehearsal, and whose topic takes plain HTTP. */
export function rehearse(template: Record<string, unknown>): Record<string, unknown> {
  const copy = structuredClone(template);
  for (const { Type, Properties } of Object.values(copy.Resources as Record<string, Resource>)) {
    if (Type === 'AWS::Events::Rule') {
      Properties.State = 'ENABLED';
      Properties.EventPattern.source = [REHEARSAL_SOURCE];
    }
    if (Type === 'AWS::SNS::TopicPolicy' || Type === 'AWS::SQS::QueuePolicy') {
      const { PolicyDocument: document } = Properties;
      document.Statement = document.Statement.filter(
        (statement: object) => !JSON.stringify(statement).includes('aws:SecureTransport'),
      );
    }
  }
  return copy;
}

interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: templates have no types
  readonly Properties: any;
}
