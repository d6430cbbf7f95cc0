import { policyFound } from '../../src/handler/model/purge-protection';
import { policyDocument, type SecretDeclaration } from './app';
import type { Facts } from './facts';
import type { FakeSecretsManager } from './fake-secrets-manager';
import { type SecretRecord, stateOf } from './secret-record';

/** A resource of a template that holds a secret, and with it the policy that the template has for the secret. */
export interface PolicyHolder {
  readonly physicalId: string;
  readonly declaration: SecretDeclaration;
  /** The secret that its policy is deployed on. */
  policyOf?: string;
}

/** `AWS::SecretsManager::ResourcePolicy`, as CloudFormation deals with it: after its secret, and gone before it. */
export class TemplatePolicies {
  /** Secrets on which one could not be created, because the function's was there. */
  readonly refused = new Set<SecretRecord>();

  constructor(
    private readonly secrets: FakeSecretsManager,
    private readonly facts: Facts,
  ) {}

  /**
   * Brings the policy of a resource to what its declaration says, but for what has to go, which the clean-up does.
   *
   * @returns false when it cannot be created: CloudFormation may refuse to take the place of another policy
   */
  deploy(holder: PolicyHolder): boolean {
    const { physicalId, declaration, policyOf } = holder;
    const document = policyDocument(declaration);
    if (document === undefined) return true;
    const record = this.live(physicalId);
    if (!record) return policyOf === physicalId;
    if (policyOf !== physicalId && !this.facts.policyTakesPlace) {
      if (policyFound(record.policy) === 'own' && declaration.purgeProtection) this.refused.add(record);
      if (record.policy !== undefined) return false;
    }
    holder.policyOf = physicalId;
    if (record.policy !== document) this.secrets.setPolicy(record, 'CloudFormation', document);
    return true;
  }

  remove(arn: string | undefined): void {
    const record = arn === undefined ? undefined : this.live(arn);
    if (record?.policy !== undefined) this.secrets.setPolicy(record, 'CloudFormation', undefined);
  }

  private live(arn: string): SecretRecord | undefined {
    return this.secrets.records.find((record) => record.arn === arn && !record.gone && stateOf(record) === 'live');
  }
}
