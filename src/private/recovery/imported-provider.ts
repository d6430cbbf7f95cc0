import { Annotations, Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { error } from '../error';
import { synthesizedStackName } from './outermost-stack';
import { assertOwners, assertServed } from './owners';
import type { SecretPermissions, Serving } from './serving';
import { synthesizedSecretName } from './synthesized-name';

/** A provider that another app has deployed: its role is what that app made it. */
export class ImportedProvider extends Construct implements Serving {
  public readonly serviceToken: string;
  private readonly owners?: string[];

  constructor(scope: Construct, id: string, serviceToken: string, owners?: string[]) {
    super(scope, id);
    if (!Token.isUnresolved(serviceToken) && !/^arn:[^:]+:lambda:[^:]+:\d{12}:function:[^:]+$/.test(serviceToken)) {
      throw error(
        this,
        'serviceToken must be the ARN of the function of a SecretRecoveryProvider, without a version, ' +
          `got: '${serviceToken}'`,
      );
    }
    assertOwners(owners, this);
    this.serviceToken = serviceToken;
    this.owners = owners;
  }

  public _assertServes(secret: CfnSecret, owner: string | undefined): void {
    assertServed(owner ?? synthesizedStackName(secret), this.owners, secret);
    if (Token.isUnresolved(this.serviceToken)) return;
    const { region, account } = Arn.split(this.serviceToken, ArnFormat.COLON_RESOURCE_NAME);
    const here = Stack.of(secret);
    const differs = (there: string | undefined, own: string) => !Token.isUnresolved(own) && there !== own;
    if (!differs(region, here.region) && !differs(account, here.account)) return;
    throw error(
      secret,
      `provider must be in the account and region of the secret (${here.environment}), got: '${this.node.path}' in ` +
        `aws://${account}/${region}`,
    );
  }

  public _allow({ secret, restoreAny, adoptAny, purgeProtection }: SecretPermissions): void {
    if (purgeProtection) {
      Annotations.of(secret).addWarningV2(
        'cdk-recoverable-secret:protectionPermissionNeeded',
        `the role of provider '${this.node.path}' is not of this app: purgeProtection works only if its own app allows it ` +
          'what docs/security.md lists under ProtectFromPurge',
      );
    }
    if (!restoreAny && !adoptAny) return;
    const name = synthesizedSecretName(secret);
    Annotations.of(secret).addWarningV2(
      'cdk-recoverable-secret:permissionByNameNeeded',
      `the role of provider '${this.node.path}' is not of this app: it takes over a secret of another owner only if its ` +
        `own app allows it what docs/security.md lists under ${restoreAny ? 'RestoreByName' : 'AdoptByName'}, for ` +
        `${typeof name === 'string' ? `'${name}'` : 'the name of the secret'}`,
    );
  }
}
