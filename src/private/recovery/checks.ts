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
import { type CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { OWNERSHIP_TAG_PREFIX } from '../contract';
import { error } from '../error';
import { looksLikeArnSuffix, secretNameError } from './name';
import { outermostStack } from './outermost-stack';
import { isRecoverable } from './recoverable';

const NAMES_CHECKED = Symbol.for('cdk-recoverable-secret.NamesChecked');

/** Throws when the removal policy is one that a secret cannot have. */
export function assertRemovalPolicy(secret: CfnSecret): void {
  const [problem] = removalPolicyErrors(secret);
  if (problem) throw error(secret, problem);
}

/**
 * Adds what can only be judged when the app is complete.
 *
 * @param forced Whether the secret is deleted without recovery
 */
export function addSynthesisChecks(secret: CfnSecret, forced: boolean): void {
  secret.node.addValidation({
    validate: () => [
      ...removalPolicyErrors(secret),
      ...nameErrors(secret),
      ...dynamicReferenceErrors(secret),
      ...tagErrors(secret),
    ],
  });
  Aspects.of(secret).add({ visit: () => addWarnings(secret, forced) }, { priority: AspectPriority.READONLY });

  const stack = outermostStack(secret);
  if (NAMES_CHECKED in stack) return;
  Object.defineProperty(stack, NAMES_CHECKED, { value: true });
  stack.node.addValidation({ validate: () => duplicateNameErrors(stack) });
}

function removalPolicyErrors(secret: CfnSecret): string[] {
  const { deletionPolicy, updateReplacePolicy } = secret.cfnOptions;
  if (deletionPolicy !== CfnDeletionPolicy.SNAPSHOT && updateReplacePolicy !== CfnDeletionPolicy.SNAPSHOT) return [];
  return [
    'removalPolicy must be DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE, got: SNAPSHOT; Secrets Manager has no ' +
      'snapshots, and after DESTROY the recovery window keeps the value',
  ];
}

function nameErrors(secret: CfnSecret): string[] {
  const name = Stack.of(secret).resolve(secret.name);
  // What is no string by now is for the deployment to resolve.
  const problem = typeof name === 'object' ? undefined : secretNameError(name);
  return problem ? [problem] : [];
}

/** CloudFormation does not resolve secure references for a custom resource: the reference itself would be stored. */
function dynamicReferenceErrors(secret: CfnSecret): string[] {
  const sources = {
    'secretStringValue and secretObjectValue': secret.secretString,
    'generateSecretString.secretStringTemplate': secret.generateSecretString,
  };
  return Object.entries(sources).flatMap(([props, source]) => {
    const text = JSON.stringify(Stack.of(secret).resolve(source)) ?? '';
    const service = /{{resolve:(secretsmanager|ssm-secure):/.exec(text)?.[1];
    if (!service) return [];
    return [
      `${props} cannot hold a dynamic reference to ${service}: CloudFormation does not resolve it for a custom ` +
        'resource; generate the value, or write it after the deployment',
    ];
  });
}

function tagErrors(secret: CfnSecret): string[] {
  const keys = Object.keys(secret.tags.tagValues()).filter((key) => key.startsWith(OWNERSHIP_TAG_PREFIX));
  return keys.map(
    (key) => `tags must not begin with '${OWNERSHIP_TAG_PREFIX}', got: '${key}'; to set the owner, use the prop owner`,
  );
}

/** Removing one of two such secrets would schedule the secret that the other one still uses. */
function duplicateNameErrors(stack: Stack): string[] {
  const first = new Map<string, CfnSecret>();
  return stack.node.findAll().flatMap((node) => {
    if (!isRecoverable(node) || outermostStack(node) !== stack) return [];
    const name = literalName(node);
    const other = name === undefined ? undefined : first.get(name);
    if (name !== undefined && !other) first.set(name, node);
    // Conditions can exclude each other, which is for the deployment to decide.
    if (!other || (isConditional(other) && isConditional(node))) return [];
    return [
      `secretName must be unique among the recoverable secrets of a stack, got: '${name}' for both ` +
        `'${other.node.path}' and '${node.node.path}'`,
    ];
  });
}

function isConditional(secret: CfnSecret): boolean {
  let resource: CfnResource | undefined = secret;
  while (resource && !resource.cfnOptions.condition) resource = Stack.of(resource).nestedStackResource as CfnResource;
  return resource !== undefined;
}

function addWarnings(secret: CfnSecret, forced: boolean): void {
  const name = literalName(secret);
  if (name !== undefined && looksLikeArnSuffix(name)) {
    Annotations.of(secret).addWarningV2(
      'cdk-recoverable-secret:nameLooksLikeArnSuffix',
      `secretName '${name}' ends in a hyphen and six characters, which Secrets Manager can take for the suffix of an ` +
        'ARN: a look-up by partial ARN goes wrong, choose another ending',
    );
  }
  const key = keyOf(secret);
  if (!forced && key && (key.cfnOptions.deletionPolicy ?? CfnDeletionPolicy.DELETE) === CfnDeletionPolicy.DELETE) {
    Annotations.of(secret).addWarningV2(
      'cdk-recoverable-secret:keyIsDestroyed',
      `encryptionKey '${key.node.path}' is destroyed with its stack, and a restored secret cannot be read without it: ` +
        'give the key removalPolicy RETAIN',
    );
  }
}

function literalName(secret: CfnSecret): string | undefined {
  const name = Stack.of(secret).resolve(secret.name);
  return typeof name === 'string' ? name : undefined;
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
