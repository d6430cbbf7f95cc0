import * as fs from 'node:fs';
import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { RecoverableSecret } from '../src';
import { rushes } from './fake/crowd';

// How long things take is for `npm run bench` to show; what can be counted is settled here.

test('450 secrets are one resource each, and with their function far from the limits of a stack', () => {
  const app = new App();
  const stack = new Stack(app, 'Stack');
  for (let number = 0; number < 450; number++) {
    new RecoverableSecret(stack, `Secret${number}`, { secretName: `prod/database-${number}` });
  }
  const { templateFullPath } = app.synth().getStackByName('Stack');
  const { Resources } = JSON.parse(fs.readFileSync(templateFullPath, 'utf8'));
  expect(Object.keys(Resources)).toHaveLength(450 + 3);
  // Of 1,000,000 that CloudFormation takes.
  expect(fs.statSync(templateFullPath).size).toBeLessThan(300_000);
});

test('the function stays small', () => {
  const bundle = path.join(__dirname, '..', 'assets', 'handler', 'main', 'index.js');
  expect(fs.statSync(bundle).size).toBeLessThan(425_000);
});

test('75 secrets at the same moment are throttled, and nothing fails', async () => {
  for (const { event, failures, seconds, refused } of await rushes(75, 75)) {
    expect({ event, failures }).toEqual({ event, failures: [] });
    expect(seconds).toBeLessThan(60);
    if (event === 'create') expect(refused).toBeGreaterThan(0);
  }
});
