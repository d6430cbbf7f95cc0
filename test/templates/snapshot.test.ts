import type { App } from 'aws-cdk-lib';
import { fullApp, minimalApp } from './apps';

// The hash of an asset changes with every change of the handler, which has its own tests.
expect.addSnapshotSerializer({
  test: (value) => typeof value === 'string' && ASSET_HASH.test(value),
  serialize: (value: string) => JSON.stringify(value.replace(ASSET_HASH, '<asset hash>')),
});
const ASSET_HASH = /[0-9a-f]{64}/;

function templates(app: App): Record<string, unknown> {
  return Object.fromEntries(app.synth().stacks.map(({ stackName, template }) => [stackName, template]));
}

test('templates of a minimal app', () => {
  expect(templates(minimalApp())).toMatchSnapshot();
});

test('templates of an app with everything', () => {
  const env = { account: '111111111111', region: 'eu-west-1', replica: 'eu-central-1' };
  expect(templates(fullApp(env))).toMatchSnapshot();
});
