import { Stack } from 'aws-cdk-lib';
import type { Rule } from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeWildcard } from '../cdk-nag';
import { arnOfAnySecret, type WatchedSecrets } from './patterns';
import { scheduledWorkflow } from './scheduled-workflow';
import { allowPublishing, DELIVERY, makeStateMachine } from './workflow';

export interface ScheduledNoticeOptions {
  /** Undefined for all secrets. */
  readonly watched?: WatchedSecrets;
  readonly topic: ITopic;
  readonly deadLetterQueue: Queue;
}

/** Says of each event of a rule what was scheduled for deletion, and looks at the secret for it. */
export function tellOfScheduled(rule: Rule, { watched, topic, deadLetterQueue }: ScheduledNoticeOptions): void {
  const scope = new Construct(rule, 'Notice');
  const stack = Stack.of(scope);
  const stateMachine = makeStateMachine(
    scope,
    scheduledWorkflow(stack.partition, { topicArn: topic.topicArn, deadLetterQueueUrl: deadLetterQueue.queueUrl }),
  );
  const resources = describable(watched).map((name) => `${arnOfAnySecret(stack)}${name}`);
  stateMachine.addToRolePolicy(new PolicyStatement({ actions: ['secretsmanager:DescribeSecret'], resources }));
  for (const resource of resources) {
    acknowledgeWildcard(scope, resource, 'It may describe the secrets that the monitor looks at, and nothing else.');
  }
  allowPublishing(stateMachine, topic, deadLetterQueue);
  rule.addTarget(new SfnStateMachine(stateMachine, { deadLetterQueue, ...DELIVERY }));
}

/** The ends of the ARNs of the secrets that a monitor looks at. */
function describable(watched: WatchedSecrets | undefined): string[] {
  if (!watched) return ['*'];
  const { prefix, secrets } = watched;
  return [...(prefix === undefined ? [] : [`${prefix}*`]), ...secrets.map(({ name }) => `${name}-??????`)];
}
