import { App, DefaultStackSynthesizer, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SecretDeletionMonitor } from '../../src/secret-deletion-monitor';
import type { SecretDeletionMonitorProps } from '../../src/secret-deletion-monitor-props';
import { ACCOUNT, REGION } from './cloudtrail-events';

/** A stack for the account and region of the sample events, whose template does not ask for a bootstrapped account. */
export function operationsStack(): Stack {
  const env = { account: ACCOUNT, region: REGION };
  return new Stack(new App(), 'Operations', {
    env,
    synthesizer: new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }),
  });
}

/** The template of a stack that holds a monitor and nothing else. */
export function monitorTemplate(
  props: SecretDeletionMonitorProps | ((stack: Stack) => SecretDeletionMonitorProps) = {},
) {
  const stack = operationsStack();
  new SecretDeletionMonitor(stack, 'Monitor', typeof props === 'function' ? props(stack) : props);
  return Template.fromStack(stack);
}

/** The properties of the one rule whose description begins like this. */
export function ruleProperties(template: Template, description: string): Record<string, unknown> {
  const rules = Object.values(template.findResources('AWS::Events::Rule'))
    .map(({ Properties }) => Properties as Record<string, unknown>)
    .filter(({ Description }) => String(Description).startsWith(description));
  if (rules.length !== 1) throw new Error(`${rules.length} rules for '${description}'`);
  return rules[0];
}

/** The pattern of that rule, as EventBridge receives it. */
export function eventPattern(template: Template, description: string): string {
  return JSON.stringify(filledIn(ruleProperties(template, description).EventPattern));
}

/** The definition of the one state machine whose logical id has this in it. */
// biome-ignore lint/suspicious/noExplicitAny: definitions have no types
export function workflow(template: Template, id: string): any {
  const machines = Object.entries(template.findResources('AWS::StepFunctions::StateMachine'))
    .filter(([logicalId]) => logicalId.includes(id))
    .map(([, { Properties }]) => Properties.DefinitionString);
  if (machines.length !== 1) throw new Error(`${machines.length} state machines for '${id}'`);
  return JSON.parse(String(filledIn(machines[0])));
}

/** What CloudFormation makes of a template value, with the logical ids of resources for what only it knows. */
function filledIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(filledIn);
  if (value === null || typeof value !== 'object') return value;
  const [[key, operand]] = Object.entries(value).length === 1 ? Object.entries(value) : [['', undefined]];
  if (key === 'Ref') return operand === 'AWS::Partition' ? 'aws' : operand;
  if (key === 'Fn::GetAtt') return (operand as string[]).join('.');
  if (key === 'Fn::Join') {
    const [separator, parts] = operand as [string, unknown[]];
    return parts.map(filledIn).join(separator);
  }
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, filledIn(entry)]));
}
