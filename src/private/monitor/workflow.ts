import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { type IRole, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { ContextAttribute, Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { DefinitionBody, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

/** A state machine in the Amazon States Language, whose expressions are JSONata. */
export interface Workflow {
  readonly StartAt: string;
  readonly States: Record<string, object>;
}

/** Of whatever goes wrong most is over soon, among it a permission that has not arrived yet. */
export const RETRY = [
  { ErrorEquals: ['States.ALL'], IntervalSeconds: 5, MaxAttempts: 5, BackoffRate: 2, JitterStrategy: 'FULL' },
];

/** A task that calls AWS itself, without a function in between. */
export function sdkTask(partition: string, call: `${string}:${string}`, fields: object): object {
  return { Type: 'Task', Resource: `arn:${partition}:states:::aws-sdk:${call}`, ...fields };
}

export function makeStateMachine(scope: Construct, workflow: Workflow): StateMachine {
  const definition = { QueryLanguage: 'JSONata', TimeoutSeconds: Duration.hours(6).toSeconds(), ...workflow };
  const stateMachine = new StateMachine(scope, 'StateMachine', {
    definitionBody: DefinitionBody.fromString(Stack.of(scope).toJsonString(definition)),
  });
  const reason = 'Step Functions keeps the history of every execution for 90 days, which tells more than a log would.';
  for (const id of ['AwsSolutions-SF1', 'AwsSolutions-SF2']) Validations.of(stateMachine).acknowledge({ id, reason });
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
