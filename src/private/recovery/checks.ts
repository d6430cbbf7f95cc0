import { CfnDeletionPolicy, type CfnResource, Stack } from 'aws-cdk-lib';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import { MAX_OTHER_TAGS, OWNERSHIP_TAG_PREFIX, RECOVERABLE_SECRET_TYPE, type RecoverySettings } from '../contract';
import { error, pathOf, written } from '../error';
import { type RenderedResource, renderedProperties, renderedResource } from '../rendered';
import { secretNameError } from './name';
import { outermostStack } from './outermost-stack';
import { isRecoverable } from './recoverable';
import { replicaErrors, replicaRegions } from './replicas';
import { synthesizedSecretName } from './synthesized-name';

const NAMES_CHECKED = Symbol.for('cdk-recoverable-secret.NamesChecked');

/** Throws when the removal policy is one that a secret cannot have. */
export function assertRemovalPolicy(secret: CfnSecret): void {
  const { deletionPolicy: DeletionPolicy, updateReplacePolicy: UpdateReplacePolicy } = secret.cfnOptions;
  const [problem] = removalPolicyErrors({ DeletionPolicy, UpdateReplacePolicy });
  if (problem) throw error(secret, problem);
}

/**
 * Adds what can only be judged when the app is complete, by what the template says in the end.
 *
 * @param settings The properties that say how the secret is recovered
 */
export function addSynthesisChecks(secret: CfnSecret, settings: RecoverySettings): void {
  written(secret).node.addValidation({
    validate: () => {
      const resource = renderedResource(secret);
      return [
        ...settingsErrors(resource, settings, Stack.of(secret)),
        ...removalPolicyErrors(resource),
        ...nameErrors(resource),
        ...dynamicReferenceErrors(resource),
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

/** The permissions of the provider are written with the settings. */
function settingsErrors(
  { Type, Properties = {} }: RenderedResource,
  settings: RecoverySettings,
  stack: Stack,
): string[] {
  if (Type !== RECOVERABLE_SECRET_TYPE) {
    return [`the type of the resource must stay ${RECOVERABLE_SECRET_TYPE}, got: '${Type}'`];
  }
  return Object.entries(settings).flatMap(([property, value]) => {
    const got = Properties[property];
    if (JSON.stringify(got) === JSON.stringify(stack.resolve(value))) return [];
    return [
      `${property} must be set by a prop of the secret or of SecretRecovery and not by an override, ` +
        `got: ${JSON.stringify(got)}`,
    ];
  });
}

function removalPolicyErrors({ DeletionPolicy, UpdateReplacePolicy }: RenderedResource): string[] {
  if (DeletionPolicy !== CfnDeletionPolicy.SNAPSHOT && UpdateReplacePolicy !== CfnDeletionPolicy.SNAPSHOT) return [];
  return [
    'removalPolicy must be DESTROY, RETAIN or RETAIN_ON_UPDATE_OR_DELETE, got: SNAPSHOT; Secrets Manager has no ' +
      'snapshots, and after DESTROY the recovery window keeps the value',
  ];
}

function nameErrors({ Properties: { Name: name } = {} }: RenderedResource): string[] {
  if (canBeAbsent(name)) {
    return [
      'secretName must not depend on a condition that takes it away (AWS::NoValue): a recoverable secret has a name ' +
        `that is the same on every deployment, got: ${JSON.stringify(name)}`,
    ];
  }
  // What is no string by now is for the deployment to resolve.
  const problem = typeof name === 'object' ? undefined : secretNameError(name);
  return problem ? [problem] : [];
}

function canBeAbsent(name: unknown): boolean {
  if (typeof name !== 'object' || name === null) return false;
  const { Ref, 'Fn::If': choice } = name as { Ref?: string; 'Fn::If'?: unknown[] };
  return Ref === 'AWS::NoValue' || (choice?.slice(1).some(canBeAbsent) ?? false);
}

/** CloudFormation does not resolve secure references for a custom resource: the reference itself would be stored. */
function dynamicReferenceErrors({ Properties = {} }: RenderedResource): string[] {
  const sources = {
    'secretStringValue and secretObjectValue': Properties.SecretString,
    'generateSecretString.secretStringTemplate': Properties.GenerateSecretString,
  };
  return Object.entries(sources).flatMap(([props, source]) => {
    const service = /{{resolve:(secretsmanager|ssm-secure):/.exec(JSON.stringify(source) ?? '')?.[1];
    if (!service) return [];
    return [
      `${props} cannot hold a dynamic reference to ${service}: CloudFormation does not resolve it for a custom ` +
        'resource; generate the value, or write it after the deployment',
    ];
  });
}

function tagErrors({ Properties: { Tags: tags } = {} }: RenderedResource): string[] {
  if (!Array.isArray(tags)) return [];
  // Also in the branches of a condition.
  const keys = [...JSON.stringify(tags).matchAll(/"Key":"([^"]*)"/g)].map(([, key]) => key);
  const ours = keys.filter((key) => key.startsWith(OWNERSHIP_TAG_PREFIX));
  return [
    ...ours.map(
      (key) =>
        `tags must not begin with '${OWNERSHIP_TAG_PREFIX}', got: '${key}'; to set the owner, use the prop owner`,
    ),
    ...(tags.length > MAX_OTHER_TAGS
      ? [
          `tags must not be more than ${MAX_OTHER_TAGS}, those of the stack included, got: ${tags.length}; of the 50 ` +
            'that AWS allows, this library needs the rest',
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
