import * as path from 'node:path';
import { GetResourcePolicyCommand } from '@aws-sdk/client-secrets-manager';
import { CfnOutput, CliCredentialsStackSynthesizer, type Stack, type Stage } from 'aws-cdk-lib';
import { CfnResourcePolicy, CfnRotationSchedule, type Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { REGION } from '../support/cdk-cli';
import { Cloud } from '../support/cloud';
import { regulatedApp } from '../templates/apps';

jest.setTimeout(600_000);

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud?.stop());

/** The stages of the app by name, each a cloud assembly to deploy by itself. */
function stages(): Record<string, string> {
  const app = regulatedApp({ account: '000000000000', region: REGION }, new CliCredentialsStackSynthesizer());
  for (const node of app.node.findAll()) {
    // The emulator does not know these.
    if (node instanceof CfnRotationSchedule || node instanceof CfnResourcePolicy) {
      node.node.scope?.node.scope?.node.tryRemoveChild(node.node.scope.node.id);
    }
  }
  for (const stage of app.node.children as Stage[]) {
    const shop = stage.node.tryFindChild('Shop') as Stack | undefined;
    if (shop) new CfnOutput(shop, 'Arn', { value: (shop.node.findChild('Database') as Secret).secretArn });
  }
  const { directory } = app.synth();
  return Object.fromEntries(['Dev', 'Prod'].map((stage) => [stage, path.join(directory, `assembly-${stage}`)]));
}

test('an app of a company with rules: two stages side by side, each with a life of its own', async () => {
  const { Dev, Prod } = stages();
  const dev = (await cloud.deployAll(Dev))['Dev-Shop'].Arn;
  const prod = (await cloud.deployAll(Prod))['Prod-Shop'].Arn;
  await cloud.secrets.put(dev, 'of development');
  await cloud.secrets.put(prod, 'of production');
  expect(await cloud.secrets.tags(prod)).toMatchObject({ 'recoverable-secret:owner': 'Prod-Shop' });

  // The platform stays: it is destroyed last.
  await cloud.destroyIn(Dev, 'Dev/Shop');
  expect(await cloud.secrets.daysLeft(dev)).toBe(7);
  expect(await cloud.secrets.value(prod)).toBe('of production');

  expect((await cloud.deployAll(Dev))['Dev-Shop'].Arn).toBe(dev);
  expect(await cloud.secrets.value(dev)).toBe('of development');
  const { ResourcePolicy = '' } = await cloud.secrets.client.send(new GetResourcePolicyCommand({ SecretId: dev }));
  expect(JSON.parse(ResourcePolicy).Statement).toMatchObject([
    { Effect: 'Deny', Action: 'secretsmanager:DeleteSecret' },
  ]);

  await cloud.destroyIn(Prod);
  expect(await cloud.secrets.daysLeft(prod)).toBe(30);
  expect(await cloud.secrets.value(dev)).toBe('of development');
});
