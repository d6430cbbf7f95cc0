import * as path from 'node:path';
import { pythonEnvironment } from '../support/python-environment';
import { run } from '../support/run';
import { fullApp, minimalApp } from './apps';

const ACCOUNT = '111111111111';
const REGIONS = [
  { region: 'eu-west-1', replica: 'eu-central-1' },
  { region: 'cn-north-1', replica: 'cn-northwest-1' },
  { region: 'us-gov-west-1', replica: 'us-gov-east-1' },
];

const fullApps = REGIONS.map((env) => ({
  region: env.region,
  assembly: fullApp({ account: ACCOUNT, ...env }).synth(),
}));

describe.each(fullApps)('in $region', ({ assembly: { stacks } }) => {
  test('no template names a partition or its domain', () => {
    for (const { template } of stacks) {
      const text = JSON.stringify(template);
      expect(text).not.toMatch(/arn:aws/);
      expect(text).not.toMatch(/amazonaws\.com\.cn/);
    }
  });
});

test('cfn-lint finds nothing in any template for any of the regions', async () => {
  // Its command is of no use: it begins with the path where the environment was made.
  const program = 'from cfnlint.runner import main; main()';
  // CDK makes every function depend on its role, which a reference does already.
  const options = ['--ignore-checks', 'W3005', '--regions', ...REGIONS.map(({ region }) => region)];
  const templates = [minimalApp().synth(), ...fullApps.map(({ assembly }) => assembly)].map(({ directory }) =>
    path.join(directory, '*.template.json'),
  );
  const python = await pythonEnvironment('cfn-lint');
  expect(await run(python, ['-c', program, ...options, '--', ...templates])).toEqual({ code: 0, output: '' });
}, 120_000);
