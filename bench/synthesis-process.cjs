/**
 * One app with secrets in one stack: builds and synthesizes it, and tells when it was done and what came out.
 *
 *     node synthesis-process.cjs MODULE CLASS COUNT OUTDIR [ASSET]
 *
 * With an asset, there is a Lambda function with it in the stack as well.
 */
const fs = require('node:fs');
const { App, Stack } = require('aws-cdk-lib');

const [module_, name, count, outdir, asset] = process.argv.slice(2);
const { [name]: Secret } = require(module_);

const app = new App({ outdir });
const stack = new Stack(app, 'Stack');
for (let number = 0; number < Number(count); number++) {
  const secretName = `prod/database-${number}`;
  new Secret(stack, `Secret${number}`, name === 'AwsCustomResource' ? calls(secretName) : { secretName });
}
if (asset) {
  const lambda = require('aws-cdk-lib/aws-lambda');
  new lambda.Function(stack, 'Function', {
    code: lambda.Code.fromAsset(asset),
    handler: 'index.handler',
    runtime: lambda.Runtime.NODEJS_LATEST,
  });
}
const { templateFullPath } = app.synth().getStackByName('Stack');
const done = performance.now();

const { Resources: resources } = JSON.parse(fs.readFileSync(templateFullPath, 'utf8'));
const policies = Object.values(resources).flatMap(({ Properties }) => Properties?.Policies ?? []);
process.send({
  total: done,
  bytes: fs.statSync(templateFullPath).size,
  resources: Object.keys(resources).length,
  policyCharacters: JSON.stringify(policies.map(({ PolicyDocument }) => PolicyDocument)).length,
});

/** What a secret with a recovery window takes without this library; it cannot be restored. */
function calls(Name) {
  const { AwsCustomResourcePolicy, PhysicalResourceId } = require('aws-cdk-lib/custom-resources');
  const call = (action, parameters) => ({
    service: 'secrets-manager',
    action,
    parameters,
    physicalResourceId: PhysicalResourceId.of(Name),
  });
  return {
    onCreate: call('CreateSecret', { Name }),
    onDelete: call('DeleteSecret', { SecretId: Name, RecoveryWindowInDays: 30 }),
    policy: AwsCustomResourcePolicy.fromSdkCalls({ resources: ['*'] }),
  };
}
