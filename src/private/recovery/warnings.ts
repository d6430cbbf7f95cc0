import {
  Annotations,
  AspectPriority,
  Aspects,
  CfnDeletionPolicy,
  type CfnResource,
  Reference,
  Stack,
  Token,
  Tokenization,
} from 'aws-cdk-lib';
import { Alias, CfnKey } from 'aws-cdk-lib/aws-kms';
import {
  CfnResourcePolicy,
  CfnRotationSchedule,
  type CfnSecret,
  CfnSecretTargetAttachment,
  Secret,
} from 'aws-cdk-lib/aws-secretsmanager';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import type { RecoverySettings } from '../contract';
import { pathOf } from '../error';
import { renderedProperties, renderedResource, sameJson } from '../rendered';
import { looksLikeArnSuffix } from './name';
import { replicaRegions } from './replicas';
import { synthesizedSecretName } from './synthesized-name';

/**
 * Warns of what is only a risk, by what the template says in the end.
 *
 * @param settings The properties that say how the secret is recovered
 */
export function addSynthesisWarnings(secret: CfnSecret, settings: RecoverySettings): void {
  const visit = () => {
    const warn = (id: string, text: string | undefined) => {
      if (text !== undefined) Annotations.of(secret).addWarningV2(id, text);
    };
    const properties = renderedProperties(secret);
    const name = synthesizedSecretName(secret, properties.Name);
    warn('cdk-recoverable-secret:nameLooksLikeArnSuffix', arnSuffixWarning(name));
    warn('cdk-recoverable-secret:replicaRegionIsOptIn', optInWarning(properties));
    if (settings.ForceDeleteWithoutRecovery !== 'true') {
      warn('cdk-recoverable-secret:nameChangesWithStack', changingNameWarning(name, Stack.of(secret)));
      warn('cdk-recoverable-secret:keyIsDestroyed', keyWarning(secret, properties.KmsKeyId));
    }
    if (settings.ExistingSecretPolicy === 'ADOPT') {
      warn('cdk-recoverable-secret:adoptsWithDependents', dependentsWarning(secret));
    }
    if (settings.RestoredValue !== 'REGENERATE') {
      warn('cdk-recoverable-secret:criteriaKeepValue', criteriaWarning(secret, properties.Name));
    }
  };
  Aspects.of(secret).add({ visit }, { priority: AspectPriority.READONLY });
}

function arnSuffixWarning(name: unknown): string | undefined {
  if (typeof name !== 'string' || !looksLikeArnSuffix(name)) return undefined;
  return (
    `secretName '${name}' ends in a hyphen and six characters, which Secrets Manager can take for the suffix of an ` +
    'ARN: a look-up by partial ARN goes wrong, choose another ending'
  );
}

function changingNameWarning(name: unknown, stack: Stack): string | undefined {
  // A nested stack is given another name each time as well.
  const parts = ['AWS::StackId', ...(stack.nestedStackParent ? ['AWS::StackName'] : [])];
  const part = parts.find((each) => JSON.stringify(name)?.includes(each));
  if (!part) return undefined;
  return (
    `secretName is made of ${part}${stack.nestedStackParent ? ' of a nested stack' : ''}, which is another one when the ` +
    'stack is created again: the secret of before is not found then, and not restored'
  );
}

function optInWarning(properties: Readonly<Record<string, unknown>>): string | undefined {
  const optIn = replicaRegions(properties).filter((region) => RegionInfo.get(region).isOptInRegion);
  if (optIn.length === 0) return undefined;
  return (
    `replicaRegions has ${listed(optIn)}, which must be enabled in the account before the deployment: it is not by ` +
    'default'
  );
}

function keyWarning(secret: CfnSecret, kmsKeyId: unknown): string | undefined {
  const isGiven = sameJson(kmsKeyId, Stack.of(secret).resolve(secret.kmsKeyId));
  const key = isGiven ? keyOf(secret) : keyNamed(kmsKeyId, Stack.of(secret));
  if (!key) return undefined;
  const { DeletionPolicy = CfnDeletionPolicy.DELETE } = renderedResource(key);
  if (DeletionPolicy !== CfnDeletionPolicy.DELETE) return undefined;
  return (
    `encryptionKey '${pathOf(key)}' is destroyed with its stack, and a restored secret cannot be read without it: ` +
    'give the key removalPolicy RETAIN'
  );
}

function dependentsWarning(secret: CfnSecret): string | undefined {
  const paths = dependentsOf(secret).map(pathOf);
  if (paths.length === 0) return undefined;
  return (
    `existingSecretPolicy ADOPT comes together with ${listed(paths)}, and a secret has one resource policy, one ` +
    'attachment and one rotation: while the resources that made those before are deployed, CloudFormation refuses ' +
    'another policy or attachment, and the rotation ends when they go; retain and remove them first, see ' +
    'docs/migration.md'
  );
}

/** The policy, rotation and attachment of a secret; that of a database is attached to what stands for the secret. */
function dependentsOf(secret: CfnSecret): CfnResource[] {
  const stack = Stack.of(secret);
  const dependents = stack.node
    .findAll()
    .filter((node) => Stack.of(node) === stack)
    .filter((node) => DEPENDENTS.some((type) => node instanceof type)) as CfnResource[];
  const ids = new Set([stack.resolve(secret.logicalId)]);
  const hangsOn = (resource: CfnResource) => {
    const { Ref } = (renderedProperties(resource).SecretId ?? {}) as { Ref?: string };
    return Ref !== undefined && ids.has(Ref);
  };
  for (const attachment of dependents.filter((each) => each instanceof CfnSecretTargetAttachment && hangsOn(each))) {
    ids.add(stack.resolve(attachment.logicalId));
  }
  return dependents.filter(hangsOn);
}

const DEPENDENTS = [CfnResourcePolicy, CfnRotationSchedule, CfnSecretTargetAttachment];

/** `rds.Credentials.fromGeneratedSecret()` gives the secret another logical id with every change of its criteria. */
function criteriaWarning(secret: CfnSecret, name: unknown): string | undefined {
  const stack = Stack.of(secret);
  const logicalId: string = stack.resolve(secret.logicalId);
  const followsCriteria = logicalId !== stack.getLogicalId(secret) && /[0-9a-f]{32}$/.test(logicalId);
  if (!followsCriteria || typeof name !== 'string') return undefined;
  return (
    `secretName '${name}' stays the same when the criteria of the generated password change, and so does the password, ` +
    'which the database has as well: for one by the new criteria rotate the secret, or change secretName, too'
  );
}

/** The key construct behind `kmsKeyId`, when this app creates it. */
function keyOf(secret: CfnSecret): CfnKey | undefined {
  const given = Secret.isSecret(secret.node.scope) ? secret.node.scope.encryptionKey : undefined;
  const key = given instanceof Alias ? given.aliasTargetKey : given;
  if (key) return CfnKey.isCfnKey(key.node.defaultChild) ? key.node.defaultChild : undefined;
  const id: unknown = secret.kmsKeyId;
  if (typeof id !== 'string' || !Token.isUnresolved(id)) return undefined;
  const token = Tokenization.reverseString(id).firstToken;
  return token && Reference.isReference(token) && CfnKey.isCfnKey(token.target) ? token.target : undefined;
}

/** The key that an override of `kmsKeyId` refers to. */
function keyNamed(kmsKeyId: unknown, stack: Stack): CfnKey | undefined {
  const { Ref, 'Fn::GetAtt': attribute } = (kmsKeyId ?? {}) as { Ref?: string; 'Fn::GetAtt'?: string[] };
  const logicalId = Ref ?? attribute?.[0];
  const keys = stack.node.findAll().filter((node) => CfnKey.isCfnKey(node) && Stack.of(node) === stack) as CfnKey[];
  return keys.find((key) => stack.resolve(key.logicalId) === logicalId);
}

function listed(items: string[]): string {
  return items.map((item) => `'${item}'`).join(', ');
}
