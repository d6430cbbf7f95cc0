import { Annotations, ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

const CLOUDWATCH = 'cloudwatch.amazonaws.com';
/** EventBridge sends the notices, CloudWatch the alarms. */
const PUBLISHERS = ['events.amazonaws.com', CLOUDWATCH];
const KEY_ACTIONS = ['kms:GenerateDataKey*', 'kms:Decrypt'];

/**
 * Lets alarms publish to the topic, and both alarms and rules use its key. The target of a rule allows the rest.
 *
 * @param monitor Where the warnings go about policies that cannot be changed
 * @param topic The topic
 * @param key What encrypts the topic, if anything does
 */
export function allowPublishing(monitor: Construct, topic: ITopic, key: IKey | undefined): void {
  const stack = Stack.of(monitor);
  // A topic's first statement replaces the policy that it has by default, under which alarms may publish.
  const onTopic = topic.addToResourcePolicy(
    new PolicyStatement({
      actions: ['sns:Publish'],
      principals: [new ServicePrincipal(CLOUDWATCH)],
      resources: [topic.topicArn],
      conditions: {
        StringEquals: { 'aws:SourceAccount': stack.account },
        ArnLike: {
          'aws:SourceArn': stack.formatArn({
            service: 'cloudwatch',
            resource: 'alarm',
            resourceName: '*',
            arnFormat: ArnFormat.COLON_RESOURCE_NAME,
          }),
        },
      },
    }),
  );
  if (!onTopic.statementAdded) {
    Annotations.of(monitor).addWarningV2(
      'cdk-recoverable-secret:topicPolicyNeeded',
      'the policy of notificationTopic cannot be changed from this app: notices and alarms arrive only if it allows ' +
        `sns:Publish to ${PUBLISHERS.join(' and ')}, and if the topic is encrypted, then with a customer managed key ` +
        `whose policy allows both of them ${KEY_ACTIONS.join(' and ')}`,
    );
  }

  // No condition on the source: EventBridge does not support one in the policy of a topic's key.
  const onKey = key?.addToResourcePolicy(
    new PolicyStatement({
      actions: KEY_ACTIONS,
      principals: PUBLISHERS.map((service) => new ServicePrincipal(service)),
      resources: ['*'],
    }),
  );
  if (onKey && !onKey.statementAdded) {
    Annotations.of(monitor).addWarningV2(
      'cdk-recoverable-secret:keyPolicyNeeded',
      'the policy of the key of the topic cannot be changed from this app: notices and alarms arrive only if it allows ' +
        `${KEY_ACTIONS.join(' and ')} to ${PUBLISHERS.join(' and ')}; the key alias/aws/sns cannot`,
    );
  }
}
