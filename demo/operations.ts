import * as fs from 'node:fs';
import { App, CfnOutput, CliCredentialsStackSynthesizer, Duration, Stack } from 'aws-cdk-lib';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
// In your own app: from 'cdk-recoverable-secret'.
import { SecretDeletionMonitor } from '../src';
import { rehearse } from '../test/monitor/rehearsal';

const app = new App();
const stack = new Stack(app, 'Operations', { synthesizer: new CliCredentialsStackSynthesizer() });

const monitor = new SecretDeletionMonitor(stack, 'SecretDeletionMonitor', {
  reminders: [Duration.days(7), Duration.days(1)],
});

// In the place of an e-mail address.
const inbox = new Queue(stack, 'Inbox');
monitor.topic.addSubscription(new SqsSubscription(inbox, { rawMessageDelivery: true }));
new CfnOutput(stack, 'InboxUrl', { value: inbox.queueUrl });

// Only for the emulator: it serves plainly enabled rules only, and nobody but AWS sends events from AWS's own source.
const { templateFullPath } = app.synth().getStackByName(stack.stackName);
const template = JSON.parse(fs.readFileSync(templateFullPath, 'utf8'));
fs.writeFileSync(templateFullPath, JSON.stringify(rehearse(template)));
