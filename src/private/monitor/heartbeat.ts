import { Duration, Names, Stack } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from '../cdk-nag';
import { seeReads } from './checks';
import { arnOfAnySecret, heartbeatPattern } from './patterns';
import { makeStateMachine, runEvery, sdkTask } from './workflow';

/** No version has an id like this, so that the call finds nothing even if somebody makes a secret of that name. */
const NO_VERSION = 'no-version-has-this-id-it-is-a-heartbeat';

/**
 * Makes a call that reads, again and again, and a rule that must see it.
 *
 * @returns the rule
 */
export function makeHeartbeat(monitor: Construct, every: Duration, deadLetterQueue: IQueue): Rule {
  const scope = new Construct(monitor, 'Heartbeat');
  const secretName = `${Names.uniqueResourceName(monitor, { maxLength: 200, separator: '_' })}/heartbeat`;
  const stateMachine = makeStateMachine(scope, {
    StartAt: 'Read',
    States: {
      Read: sdkTask(Stack.of(scope).partition, 'secretsmanager:getSecretValue', {
        Arguments: { SecretId: secretName, VersionId: NO_VERSION },
        Retry: [],
        Catch: [{ ErrorEquals: ['SecretsManager.ResourceNotFoundException'], Next: 'NotFound' }],
        Output: {},
        End: true,
      }),
      NotFound: { Type: 'Succeed' },
    },
  });
  const arn = `${arnOfAnySecret(Stack.of(scope))}${secretName}`;
  stateMachine.addToRolePolicy(
    new PolicyStatement({
      actions: ['secretsmanager:GetSecretValue'],
      // A name that no secret has is authorized with six characters of its own making, or without them.
      resources: [arn, `${arn}-??????`],
      conditions: { StringEquals: { 'secretsmanager:VersionId': NO_VERSION } },
    }),
  );

  const rule = new Rule(scope, 'Rule', {
    description: 'The heartbeat of the monitor: a call that reads, made by itself',
    eventPattern: heartbeatPattern(stateMachine.role.roleArn),
  });
  seeReads(rule);
  // Nobody reads it: AWS documents the metric of a rule with targets, and says nothing of one without.
  rule.addTarget(new SqsQueue(makeDrain(scope)));
  // Which begins at once.
  runEvery(scope, every, stateMachine, deadLetterQueue).node.addDependency(rule);
  return rule;
}

function makeDrain(scope: Construct): Queue {
  const queue = new Queue(scope, 'Drain', {
    retentionPeriod: Duration.minutes(1),
    enforceSSL: true,
    encryption: QueueEncryption.SQS_MANAGED,
  });
  acknowledge(queue, 'AwsSolutions-SQS3', 'Nobody reads this queue.');
  return queue;
}
