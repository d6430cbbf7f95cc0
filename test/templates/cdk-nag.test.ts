import { App, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks } from 'cdk-nag';
import { cdkNagFindings } from '../support/cdk-nag';
import { fullApp, minimalApp, regulatedApp } from './apps';

// Rotation is for the app to decide, and `secretsmanager.Secret` has the same finding.
const NOT_ROTATED = 'AwsSolutions-SMG4';

test('cdk-nag finds in a minimal app what it finds with a plain Secret', () => {
  const plain = new App();
  new Secret(new Stack(plain, 'Shop'), 'Secret');
  expect(cdkNagFindings(plain)).toEqual([`${NOT_ROTATED}: Shop/Secret/Resource`]);
  expect(cdkNagFindings(minimalApp())).toEqual([`${NOT_ROTATED}: Shop/Secret/Resource`]);
});

test('cdk-nag finds nothing but secrets without rotation in an app with everything', () => {
  const app = fullApp({ account: '111111111111', region: 'eu-west-1', replica: 'eu-central-1' });
  expect(cdkNagFindings(app)).toEqual(
    ['TakenOver', 'Declared', 'Forced', 'Database'].map((id) => `${NOT_ROTATED}: Shop/${id}/Resource`),
  );
});

test('no pack finds anything about this library in an app with its rules', () => {
  const app = regulatedApp({ account: '111111111111', region: 'eu-west-1' });
  const packs = [AwsSolutionsChecks, NIST80053R5Checks, HIPAASecurityChecks, PCIDSS321Checks];
  const findings = cdkNagFindings(
    app,
    packs.map((Pack) => new Pack(app)),
  );
  // Flow logs and the subnets of the VPC that this app has made up are none of its business.
  expect(findings.filter((finding) => !/: (Dev|Prod)\/Platform\/Vpc\//.test(finding))).toEqual([]);
});
