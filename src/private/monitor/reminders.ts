import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { LogGroup, LogStream, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeKeylessLog, acknowledgeWildcard } from '../cdk-nag';
import type { WatchedSecrets } from './patterns';
import { PENDING_NAMESPACE, reminderWorkflow } from './reminder-workflow';
import { allowPublishing, makeStateMachine, runEvery } from './workflow';

/** How often is checked what is scheduled for deletion. A reminder counts on it. */
export const CHECK_INTERVAL = Duration.days(1);

export interface ReminderProps {
  /** Days before the end of a window. */
  readonly reminders: number[];
  /** Undefined for all secrets. */
  readonly watched?: WatchedSecrets;
  readonly topic: ITopic;
  readonly deadLetterQueue: Queue;
}

/** What checks every day which secrets are scheduled for deletion. */
export interface Reminders {
  readonly stateMachine: StateMachine;
  /** What was scheduled at each check, an event for each secret. */
  readonly log: LogGroup;
}

export function makeReminders(monitor: Construct, { topic, deadLetterQueue, ...props }: ReminderProps): Reminders {
  const scope = new Construct(monitor, 'Reminders');
  const stack = Stack.of(scope);
  const log = new LogGroup(scope, 'PendingSecrets', {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  acknowledgeKeylessLog(log, 'It has names and dates, and CloudWatch Logs encrypts it with a key of its own.');
  const { logGroupName } = log;
  const { logStreamName } = new LogStream(log, 'Stream', { logGroup: log, removalPolicy: RemovalPolicy.DESTROY });
  const stateMachine = makeStateMachine(
    scope,
    reminderWorkflow(stack.partition, {
      ...props,
      topicArn: topic.topicArn,
      deadLetterQueueUrl: deadLetterQueue.queueUrl,
      logGroupName,
      logStreamName,
    }),
  );
  const { role } = stateMachine;
  const allow = (actions: string[], resources: string[], conditions?: Record<string, unknown>) =>
    stateMachine.addToRolePolicy(new PolicyStatement({ actions, resources, conditions }));
  // AWS knows no resource for these two.
  allow(['secretsmanager:ListSecrets'], ['*']);
  allow(['cloudwatch:PutMetricData'], ['*'], { StringEquals: { 'cloudwatch:namespace': PENDING_NAMESPACE } });
  allow(
    ['logs:PutLogEvents'],
    [
      stack.formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName: `${logGroupName}:log-stream:${logStreamName}`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    ],
  );
  allowPublishing(stateMachine, topic, deadLetterQueue);
  acknowledgeWildcard(scope, '*', 'ListSecrets and PutMetricData know no resource.');

  const executions = stack.formatArn({
    service: 'states',
    resource: 'execution',
    resourceName: `${stateMachine.stateMachineName}:*`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  acknowledgeWildcard(scope, executions, 'Its own executions, whose names only the schedule knows.');
  // By itself, because the state machine waits for the policy of its role.
  const ownPast = new Policy(scope, 'OwnPast', {
    roles: [role],
    statements: [
      new PolicyStatement({ actions: ['states:ListExecutions'], resources: [stateMachine.stateMachineArn] }),
      new PolicyStatement({ actions: ['states:DescribeExecution'], resources: [executions] }),
    ],
  });
  runEvery(scope, CHECK_INTERVAL, stateMachine, deadLetterQueue).node.addDependency(ownPast);
  return { stateMachine, log };
}
