import { CfnDeletionPolicy, type CfnResource, Stack } from 'aws-cdk-lib';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import { MAX_OTHER_TAGS, OWNERSHIP_TAG_PREFIX, RECOVERABLE_SECRET_TYPE } from '../contract';
import { error, pathOf, written } from '../error';
import {
  branchesOf,
  isNoValue,
  type RenderedResource,
  renderedProperties,
  renderedResource,
  sameJson,
} from '../rendered';
import { secretNameError } from './name';
import { outermostStack } from './outermost-stack';
import { isRecoverable } from './recoverable';
import { replicaErrors, replicaRegions } from './replicas';
import { synthesizedSecretName } from './synthesized-name';

const NAMES_CHECKED = Symbol.for('cdk-recoverable-secret.NamesChecked');

/** Those of `AWS::SecretsManager::Secret`. */
const PROPERTIES = [
  'Description',
  'GenerateSecretString',
  'KmsKeyId',
  'Name',
  'ReplicaRegions',
  'SecretString',
  'Tags',
  'Type',
];

/** Throws when the removal policy is one that a secret cannot have. */
export function assertRemovalPolicy(secret: CfnSecret): void {
  const { deletionPolicy: DeletionPolicy, updateReplacePolicy: UpdateReplacePolicy } = secret.cfnOptions;
  const [problem] = removalPolicyErrors({ DeletionPolicy, UpdateReplacePolicy });
  if (problem) throw error(secret, problem);
}

/**
 * Adds what can only be judged when the app is complete, by what the template says in the end.
 *
 * @param added What this library writes beside the properties of a secret; undefined for what it leaves out
 */
export function addSynthesisChecks(secret: CfnSecret, added: Readonly<Record<string, unknown>>): void {
  written(secret).node.addValidation({
    validate: () => {
      const resource = renderedResource(secret);
      return [
        ...propertyErrors(resource, added, Stack.of(secret)),
        ...removalPolicyErrors(resource),
        ...nameErrors(resource),
        ...valueErrors(resource),
        ...dynamicReferenceErrors(resource),
        ...listErrors(resource),
        ...tagErrors(resource),
        ...replicaErrors(secret, resource.Properties ?? {}),
      ];
    },
  });

  const stack = outermostStack(secret);
  if (NAMES_CHECKED in stack) return;
  Object.defineProperty(stack, NAMES_CHECKED, { value: true });
  stack.node.addValidation({ validate: () => [...duplicateNameErrors(stack), ...replicaNameErrors(stack)] });
}

/** The permissions of the provider are written with the settings, and what nobody knows would have no effect. */
function propertyErrors(
  { Type, Properties = {} }: RenderedResource,
  added: Readonly<Record<string, unknown>>,
  stack: Stack,
): string[] {
  if (Type !== RECOVERABLE_SECRET_TYPE) {
    return [`the type of the resource must stay ${RECOVERABLE_SECRET_TYPE}, got: '${Type}'`];
  }
  const known = [...PROPERTIES, ...Object.keys(added)];
  const unknown = Object.keys(Properties).filter((property) => !known.includes(property));
  const overridden = Object.entries(added).filter(
    ([property, value]) => !sameJson(Properties[property], stack.resolve(value)),
  );
  return [
    ...unknown.map(
      (property) =>
        `properties must be those of a secret (${PROPERTIES.join(', ')}), got: '${property}', which has no effect`,
    ),
    ...overridden.map(
      ([property]) =>
        `${property} must be left to the props of the secret or of SecretRecovery, without an override, ` +
        `got: ${JSON.stringify(Properties[property])}`,
    ),
  ];
}

function removalPolicyErrors({ DeletionPolicy, UpdateReplacePolicy }: RenderedResource): string[] {
  if (DeletionPolicy !== CfnDeletionPolicy.SNAPSHOT && UpdateReplacePolicy !== CfnDeletionPolicy.SNAPSHOT) return [];
  return [
    'removalPolicy must be DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE, got: SNAPSHOT; Secrets Manager has no ' +
      'snapshots, and after DESTROY the recovery window keeps the value',
  ];
}

function nameErrors({ Properties: { Name: name } = {} }: RenderedResource): string[] {
  const names = branchesOf(name);
  if (names.some(isNoValue)) {
    return [
      'secretName must not depend on a condition that takes it away (AWS::NoValue): a recoverable secret has a name ' +
        `that is the same on every deployment, got: ${JSON.stringify(name)}`,
    ];
  }
  // What is an expression by now is for the deployment to resolve.
  const known = names.filter((each) => typeof each !== 'object' || each === null);
  return known.flatMap((each) => secretNameError(each) ?? []);
}

function valueErrors({ Properties: { SecretString, GenerateSecretString } = {} }: RenderedResource): string[] {
  const isGiven = (value: unknown) => value !== undefined && !branchesOf(value).some(isNoValue);
  if (!isGiven(SecretString) || !isGiven(GenerateSecretString)) return [];
  return [
    'SecretString must not be given together with GenerateSecretString, as CloudFormation takes one of them, got: both; ' +
      'take the other one out with addPropertyDeletionOverride()',
  ];
}

/** CloudFormation does not resolve secure references for a custom resource: the reference itself would be stored. */
function dynamicReferenceErrors({ Properties = {} }: RenderedResource): string[] {
  const props: Record<string, string> = {
    SecretString: 'secretStringValue and secretObjectValue',
    GenerateSecretString: 'generateSecretString.secretStringTemplate',
  };
  return Object.entries(Properties).flatMap(([property, value]) => {
    const service = /{{resolve:(secretsmanager|ssm-secure):/.exec(JSON.stringify(value) ?? '')?.[1];
    if (!service) return [];
    return [
      `${props[property] ?? property} cannot hold a dynamic reference to ${service}: CloudFormation does not resolve it ` +
        `for a custom resource${property in props ? '; generate the value, or write it after the deployment' : ''}`,
    ];
  });
}

/** What an override of one item makes where there is no list. */
function listErrors({ Properties = {} }: RenderedResource): string[] {
  const isExpression = (value: unknown) => Object.keys(value ?? {}).some((key) => /^(Ref|Fn::.+)$/.test(key));
  const isList = (value: unknown) => Array.isArray(value) || value === undefined || isExpression(value);
  return ['Tags', 'ReplicaRegions'].flatMap((property) =>
    branchesOf(Properties[property])
      .filter((value) => !isList(value))
      .map((value) => `${property} must be a list, got: ${JSON.stringify(value)}`),
  );
}

function tagErrors({ Properties: { Tags: declared } = {} }: RenderedResource): string[] {
  const lists = branchesOf(declared).filter((tags) => Array.isArray(tags));
  // Also in the branches of a condition.
  const keys = [...JSON.stringify(lists).matchAll(/"Key":"([^"]*)"/g)].map(([, key]) => key);
  const ours = keys.filter((key) => key.startsWith(OWNERSHIP_TAG_PREFIX));
  const count = Math.max(0, ...lists.map((tags) => tags.length));
  return [
    ...ours.map(
      (key) =>
        `tags must not begin with '${OWNERSHIP_TAG_PREFIX}', got: '${key}'; to set the owner, use the prop owner`,
    ),
    ...(count > MAX_OTHER_TAGS
      ? [
          `tags must not be more than ${MAX_OTHER_TAGS}, those of the stack included, got: ${count}; of the 50 that ` +
            'AWS allows, this library needs the rest',
        ]
      : []),
  ];
}

/** Removing one of two such secrets would schedule the secret that the other one still uses. */
function duplicateNameErrors(stack: Stack): string[] {
  const first = new Map<string, CfnSecret>();
  return stack.node.findAll().flatMap((node) => {
    if (!isRecoverable(node) || outermostStack(node) !== stack) return [];
    const synthesized = synthesizedSecretName(node);
    const name = typeof synthesized === 'string' ? synthesized : JSON.stringify(synthesized);
    const other = first.get(name);
    if (!other) first.set(name, node);
    // Conditions can exclude each other, which is for the deployment to decide.
    if (!other || (isConditional(other) && isConditional(node))) return [];
    return [
      `secretName must be unique among the recoverable secrets of a stack, got: '${name}' for both ` +
        `'${pathOf(other)}' and '${pathOf(node)}'`,
    ];
  });
}

/** A replica has the name of its primary, and the secret of another region can have it already. */
function replicaNameErrors(stack: Stack): string[] {
  const secretsOf = (scope: IConstruct) =>
    scope.node.findAll().filter((node): node is CfnSecret => node instanceof CfnSecret);
  const regionsOf = (secret: CfnSecret) => replicaRegions(renderedProperties(secret));
  const replicated = secretsOf(stack).filter((secret) => isRecoverable(secret) && regionsOf(secret).length > 0);
  if (replicated.length === 0) return [];
  const all = secretsOf(stack.node.root);
  return replicated.flatMap((secret) => {
    const name = synthesizedSecretName(secret);
    const regions = regionsOf(secret);
    const taken = all.filter(
      (other) =>
        other !== secret &&
        regions.includes(Stack.of(other).region) &&
        Stack.of(other).account === Stack.of(secret).account &&
        sameName(synthesizedSecretName(other), name),
    );
    return taken.map(
      (other) =>
        `replicaRegions must not have a region where the app has a secret of the same name, got: ` +
        `'${Stack.of(other).region}' for '${pathOf(secret)}', where '${pathOf(other)}' is '${name}' as well; give each a ` +
        'secretName of its own',
    );
  });
}

function sameName(one: unknown, other: unknown): boolean {
  return typeof one === 'string' && one === other;
}

function isConditional(secret: CfnSecret): boolean {
  let resource: CfnResource | undefined = secret;
  while (resource && !resource.cfnOptions.condition) resource = Stack.of(resource).nestedStackResource as CfnResource;
  return resource !== undefined;
}
