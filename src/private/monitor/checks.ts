import { Annotations, AspectPriority, Aspects, Resource, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import { CfnRule, type Rule } from 'aws-cdk-lib/aws-events';
import { CfnSubscription, type ITopic } from 'aws-cdk-lib/aws-sns';
import type { IConstruct } from 'constructs';
import { pathOf } from '../error';
import { outermostStack } from '../recovery/outermost-stack';
import { isRecoverable } from '../recovery/recoverable';
import { renderedProperties } from '../rendered';
import { MAX_WILDCARD_RULES } from './patterns';

/** Under any other state EventBridge keeps read-only management events from a rule. */
const SEES_READS = 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';

/** Lets a rule match calls that only read, and fails synthesis if something takes that away. */
export function seeReads(rule: Rule): void {
  // The L2 construct knows no states but enabled and disabled.
  const resource = rule.node.defaultChild as CfnRule;
  resource.state = SEES_READS;
  rule.node.addValidation({
    validate: () => {
      const { State: state } = renderedProperties(resource);
      if (state === SEES_READS) return [];
      return [
        `the state of '${rule.node.path}' must be ${SEES_READS}, without which EventBridge keeps calls that read, ` +
          `GetSecretValue among them, from the rule, got: ${JSON.stringify(state) ?? 'none'}`,
      ];
    },
  });
}

/**
 * Adds what can only be judged when the app is complete.
 *
 * @param monitor The construct that made the rules
 * @param topic Where it publishes
 */
export function addMonitorChecks(monitor: IConstruct, topic: ITopic): void {
  monitor.node.addValidation({ validate: () => wildcardRuleErrors(Stack.of(monitor)) });
  // After every other aspect, when the tree is as it will be deployed.
  Aspects.of(monitor).add(
    { visit: (node) => (node === monitor ? addWarnings(monitor, topic) : undefined) },
    { priority: AspectPriority.READONLY },
  );
}

function wildcardRuleErrors(stack: Stack): string[] {
  const { length } = rulesOfSameBus(stack).filter(({ EventPattern }) =>
    JSON.stringify(EventPattern ?? {}).includes('"wildcard"'),
  );
  if (length <= MAX_WILDCARD_RULES) return [];
  return [
    `the default event bus takes at most ${MAX_WILDCARD_RULES} rules with a wildcard (quota of EventBridge that AWS ` +
      `does not raise), got: ${length} in ${stack.environment}; have fewer monitors, each for more secrets`,
  ];
}

/** All rules on the default event bus that this stack's environment has, as far as this app knows. */
function rulesOfSameBus(stack: Stack): Record<string, unknown>[] {
  return stack.node.root.node
    .findAll()
    .filter((node) => CfnRule.isCfnRule(node))
    .filter((rule) => {
      const { account, region } = Stack.of(rule);
      return (
        Stack.of(rule) === stack ||
        (Token.compareStrings(account, stack.account) === TokenComparison.SAME &&
          Token.compareStrings(region, stack.region) === TokenComparison.SAME)
      );
    })
    .map(renderedProperties)
    .filter(({ EventBusName }) => EventBusName === undefined || EventBusName === 'default');
}

function addWarnings(monitor: IConstruct, topic: ITopic): void {
  // At a part of the monitor, so that one can acknowledge them at the monitor: the CDK looks above a warning, not at it.
  const warnings = Annotations.of(monitor.node.children[0]);
  const secret = recoverableSecretBeside(monitor);
  if (secret) {
    warnings.addWarningV2(
      'cdk-recoverable-secret:monitorGoesWithSecret',
      `this monitor and the secret '${pathOf(secret)}' are in one stack: the alarm is destroyed at the moment when ` +
        'it starts to matter, put the monitor into a stack that stays',
    );
  }
  const besideTopic = Resource.isOwnedResource(topic) ? recoverableSecretBeside(topic) : undefined;
  if (besideTopic && !secret) {
    warnings.addWarningV2(
      'cdk-recoverable-secret:topicGoesWithSecret',
      `notificationTopic and the secret '${pathOf(besideTopic)}' are in one stack: nobody hears of the secret once ` +
        'the stack is destroyed, put the topic into a stack that stays',
    );
  }
  if (topic.node.scope === monitor && !hasSubscription(topic)) {
    warnings.addWarningV2(
      'cdk-recoverable-secret:nobodySubscribed',
      'nothing in this app subscribes to the topic of this monitor, so that its notices reach nobody: call ' +
        'topic.addSubscription(), or give notificationTopic',
    );
  }
}

/** A recoverable secret that is destroyed together with the construct. */
function recoverableSecretBeside(construct: IConstruct): IConstruct | undefined {
  const stack = outermostStack(construct);
  return stack.node.findAll().find((node) => isRecoverable(node) && outermostStack(node) === stack);
}

function hasSubscription({ node, topicArn }: ITopic): boolean {
  return node.root.node
    .findAll()
    .some((other) => CfnSubscription.isCfnSubscription(other) && other.topicArn === topicArn);
}
