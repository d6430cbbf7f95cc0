import { cfnLint } from '../support/cfn-lint';
import { fullApp, minimalApp, regulatedApp } from './apps';

const ACCOUNT = '111111111111';
const REGIONS = [
  { region: 'eu-west-1', replica: 'eu-central-1' },
  { region: 'cn-north-1', replica: 'cn-northwest-1' },
  { region: 'us-gov-west-1', replica: 'us-gov-east-1' },
];

const apps = REGIONS.map((env) => ({
  region: env.region,
  assemblies: [fullApp({ account: ACCOUNT, ...env }), regulatedApp({ account: ACCOUNT, region: env.region })].map(
    (app) => app.synth(),
  ),
}));

describe.each(apps)('in $region', ({ assemblies }) => {
  test('no template names a partition or its domain', () => {
    for (const { template } of assemblies.flatMap((assembly) => assembly.stacksRecursively)) {
      const text = JSON.stringify(template);
      expect(text).not.toMatch(/arn:aws/);
      expect(text).not.toMatch(/amazonaws\.com\.cn/);
    }
  });
});

test('cfn-lint finds nothing in any template for any of the regions', async () => {
  // CDK makes every function depend on its role, which a reference does already. The zones of the VPC are made up.
  const options = ['--ignore-checks', 'W3005', 'W3010', '--regions', ...REGIONS.map(({ region }) => region)];
  const assemblies = [minimalApp().synth(), ...apps.flatMap((app) => app.assemblies)];
  const templates = assemblies.flatMap(({ stacksRecursively }) =>
    stacksRecursively.map((stack) => stack.templateFullPath),
  );
  expect(await cfnLint(...options, '--', ...templates)).toEqual({ code: 0, output: '' });
}, 120_000);
