import { Duration, Stack } from 'aws-cdk-lib';
import { type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { ContextAttribute, Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { DefinitionBody, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { acknowledge, acknowledgeInlinePolicy } from '../cdk-nag';
import { evaluated } from './jsonata';

/** A state machine in the Amazon States Language, whose expressions are JSONata. */
export interface Workflow {
  readonly StartAt: string;
  readonly States: Record<string, object>;
}

/** How long and how often EventBridge tries to deliver: as much as it can. */
export const DELIVERY = { retryAttempts: 185, maxEventAge: Duration.hours(24) };

/** A call of AWS, as `service:action`. */
export type Call = `${string}:${string}`;

/** A task that calls AWS itself, without a function in between. Most of what goes wrong is over soon. */
export function sdkTask(partition: string, call: Call, fields: object): object {
  return {
    Type: 'Task',
    Resource: `arn:${partition}:states:::aws-sdk:${call}`,
    Retry: [
      { ErrorEquals: ['States.ALL'], IntervalSeconds: 5, MaxAttempts: 5, BackoffRate: 2, JitterStrategy: 'FULL' },
    ],
    ...fields,
  };
}

/** Who gets what a state machine has to say. */
export interface Recipients {
  readonly topicArn: string;
  /** Where it waits if the topic does not take it. */
  readonly deadLetterQueueUrl: string;
}

/** The states, from `Publish` on, that send their input of `Subject` and `Message`, and end. */
export function publishing(partition: string, { topicArn, deadLetterQueueUrl }: Recipients): Record<string, object> {
  const [subject, message] = [evaluated('$states.input.Subject'), evaluated('$states.input.Message')];
  return {
    Publish: sdkTask(partition, 'sns:publish', {
      Arguments: { TopicArn: topicArn, Subject: subject, Message: message },
      Catch: [{ ErrorEquals: ['States.ALL'], Output: evaluated('$states.input'), Next: 'Keep' }],
      End: true,
    }),
    Keep: sdkTask(partition, 'sqs:sendMessage', {
      Arguments: { QueueUrl: deadLetterQueueUrl, MessageBody: message },
      End: true,
    }),
  };
}

/** Lets a state machine publish, or leave what it has to say in the queue. */
export function allowPublishing({ role }: StateMachine, topic: ITopic, deadLetterQueue: IQueue): void {
  role.addToPrincipalPolicy(new PolicyStatement({ actions: ['sns:Publish'], resources: [topic.topicArn] }));
  role.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetterQueue.queueArn] }),
  );
  allowKey(topic.masterKey, role);
  allowKey(deadLetterQueue.encryptionMasterKey, role);
}

export function makeStateMachine(scope: Construct, workflow: Workflow): StateMachine {
  const definition = { QueryLanguage: 'JSONata', TimeoutSeconds: Duration.hours(6).toSeconds(), ...workflow };
  const stateMachine = new StateMachine(scope, 'StateMachine', {
    definitionBody: DefinitionBody.fromString(Stack.of(scope).toJsonString(definition)),
  });
  const reason = 'Step Functions keeps the history of every execution for 90 days, which tells more than a log would.';
  for (const id of ['AwsSolutions-SF1', 'AwsSolutions-SF2']) acknowledge(stateMachine, id, reason);
  acknowledgeInlinePolicy(scope, 'It is for this state machine alone, and goes with it.');
  return stateMachine;
}

/** Lets a role send to what a key encrypts, if one does. */
export function allowKey(key: IKey | undefined, role: IRole): void {
  key?.grant(role, 'kms:GenerateDataKey', 'kms:Decrypt');
}

/** Starts a state machine again and again, from now on, with the time that it was due as `now`. */
export function runEvery(
  scope: Construct,
  every: Duration,
  stateMachine: StateMachine,
  deadLetterQueue: IQueue,
): Schedule {
  const { account, partition, region } = Stack.of(scope);
  const role = new Role(scope, 'SchedulerRole', {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: {
          'aws:SourceAccount': account,
          'aws:SourceArn': `arn:${partition}:scheduler:${region}:${account}:schedule-group/default`,
        },
      },
    }),
  });
  // What the target leaves out.
  allowKey(deadLetterQueue.encryptionMasterKey, role);
  return new Schedule(scope, 'Schedule', {
    schedule: ScheduleExpression.rate(every),
    target: new StepFunctionsStartExecution(stateMachine, {
      role,
      deadLetterQueue,
      input: ScheduleTargetInput.fromObject({ now: ContextAttribute.scheduledTime }),
    }),
  });
}
