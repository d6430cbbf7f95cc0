import { isDeepStrictEqual } from 'node:util';
import type { Fate } from '../../handler/cloudformation/stacks';
import { RECOVERABLE_SECRET_TYPE } from '../../private/contract';
import type { Account } from '../aws/account';
import { type DeployedStack, deployedStack } from '../aws/stacks';
import type { SynthesizedStack } from '../template/assembly';
import { evaluate, isMet, type Scope } from '../template/evaluate';
import { isRetained, pathInMetadata, STACK_TYPE, type TemplateResource } from '../template/template';
import { type Environment, type StackInputs, scopeOf } from './scope';

/** What the deployment does with one resource: in most cases, a request to the function. */
export interface Upcoming {
  /** The outermost stack, by the name that it is deployed under. */
  readonly stack: string;
  /** The construct in the app. */
  readonly path: string;
  readonly logicalId: string;
  /** Of the stack that the resource is in, as far as there is one yet. */
  readonly stackId: string;
  readonly step: Step;
  /** What the template says, and what the deployed one does. */
  readonly properties: Properties;
  readonly before: Properties;
  /** The secret, as far as CloudFormation knows. */
  readonly physicalId?: string;
  /** Whether CloudFormation leaves the secret alone that the resource gives up. */
  readonly retained: boolean;
}

export type Properties = Readonly<Record<string, unknown>>;

export type Step =
  | 'create'
  | 'update'
  | 'delete'
  | 'none'
  /** CloudFormation refuses these by itself. */
  | 'change of type'
  | 'change of provider'
  /** Whether there is such a resource depends on a condition that only the deployment knows. */
  | { readonly dependsOn: string };

/** What the deployment does with the recoverable secrets of a stack and of the stacks nested in it. */
export interface Deployment {
  readonly upcoming: readonly Upcoming[];
  /** Nested stacks whose templates are not in the assembly. */
  readonly unread: readonly string[];
  /** What it does with every secret that is deployed, a plain one as well. */
  readonly fates: readonly ResourceFate[];
}

export interface ResourceFate {
  readonly stackId: string;
  readonly logicalId: string;
  readonly fate: Fate;
}

/** A stack, or one nested in it, on both sides of the deployment. */
interface Level {
  /** Leads to it in the app. */
  readonly path: string;
  readonly id: string;
  /** Undefined for a stack that is going to be deleted. */
  readonly after?: StackInputs;
  readonly deployed?: DeployedStack;
  /** Whether CloudFormation leaves alone what is in it. */
  readonly retained: boolean;
}

/** One resource on both sides of the deployment. */
interface Pair {
  readonly logicalId: string;
  readonly after?: TemplateResource;
  readonly before?: TemplateResource;
  readonly physicalId?: string;
  /** A condition that only the deployment knows, on which `after` depends. */
  readonly dependsOn?: string;
}

/** What the next deployment of a stack does. */
export function nextDeployment(
  stack: SynthesizedStack,
  deployed: DeployedStack | undefined,
  account: Account,
  environment: Environment,
): Promise<Deployment> {
  const { name, template, parameters } = stack;
  const after = { name, template, parameters, deployed };
  const id = deployed?.id ?? newStackId(name, environment);
  return walk({ path: name, id, after, deployed, retained: false }, stack, account, environment);
}

/** What the deletion of a stack does. */
export function teardown(
  stack: SynthesizedStack,
  deployed: DeployedStack,
  account: Account,
  environment: Environment,
): Promise<Deployment> {
  return walk({ path: stack.name, id: deployed.id, deployed, retained: false }, stack, account, environment);
}

async function walk(
  outermost: Level,
  stack: SynthesizedStack,
  account: Account,
  environment: Environment,
): Promise<Deployment> {
  const upcoming: Upcoming[] = [];
  const unread: string[] = [];
  const fates: ResourceFate[] = [];
  const levels = [outermost];
  for (let level = levels.shift(); level; level = levels.shift()) {
    const scopes = await scopesOf(level, environment);
    for (const pair of pairsIn(level, scopes.after)) {
      if (pair.before && /Secret$/.test(pair.before.Type)) {
        fates.push({ stackId: level.id, logicalId: pair.logicalId, fate: fateOf(pair, level, scopes) });
      }
      if (has(RECOVERABLE_SECRET_TYPE, pair)) {
        upcoming.push(upcomingOf(pair, level, scopes, stack));
      } else if (has(STACK_TYPE, pair)) {
        const nested = await nestedLevel(pair, level, scopes, { stack, account, environment });
        if (nested) levels.push(nested);
        else unread.push(pathOf(pair, level, stack));
      }
    }
  }
  return { upcoming, unread, fates };
}

interface Scopes {
  readonly after?: Scope;
  readonly before?: Scope;
}

async function scopesOf({ after, deployed }: Level, environment: Environment): Promise<Scopes> {
  const templates = JSON.stringify([after?.template, deployed?.template]);
  const exports = templates.includes('Fn::ImportValue') ? await environment.exports() : new Map<string, string>();
  const before = deployed && { name: nameOf(deployed.id), template: deployed.template, parameters: {}, deployed };
  return {
    after: after && scopeOf(after, environment, exports),
    before: before && scopeOf(before, environment, exports),
  };
}

function pairsIn({ after, deployed }: Level, scope: Scope | undefined): Pair[] {
  const resources = after?.template.Resources ?? {};
  const ids = new Set([...Object.keys(resources), ...Object.keys(deployed?.template.Resources ?? {})]);
  return [...ids].map((logicalId) => {
    const resource = resources[logicalId] as TemplateResource | undefined;
    const met = resource?.Condition !== undefined && scope ? isMet(resource.Condition, scope) : true;
    // A resource of the template whose condition was not met is not there.
    const physicalId = deployed?.resources.get(logicalId)?.physicalId;
    return {
      logicalId,
      after: met === false ? undefined : resource,
      before: physicalId === undefined ? undefined : deployed?.template.Resources?.[logicalId],
      physicalId,
      dependsOn: met === undefined ? resource?.Condition : undefined,
    };
  });
}

/** Undefined where the template of the nested stack is not known. */
async function nestedLevel(
  pair: Pair,
  level: Level,
  scopes: Scopes,
  { stack, account, environment }: { stack: SynthesizedStack; account: Account; environment: Environment },
): Promise<Level | undefined> {
  const { after, before, physicalId } = pair;
  const deployed = before && physicalId ? await deployedStack(physicalId, account) : undefined;
  const id = deployed?.id ?? newStackId(`${nameOf(level.id)}-${pair.logicalId}`, environment);
  const path = pathOf(pair, level, stack);
  if (!after || !scopes.after) {
    return { path, id, deployed, retained: level.retained || isRetained(before?.DeletionPolicy) };
  }
  const template = stack.nested(after);
  const parameters = parametersIn(after, scopes.after);
  const parametersBefore = parametersIn(before, scopes.before);
  const stay = Object.keys(parameters).filter((name) => isDeepStrictEqual(parameters[name], parametersBefore[name]));
  return (
    template && {
      path,
      id,
      after: {
        name: deployed && nameOf(deployed.id),
        template,
        // What the deployment around it passed then is known even where what it is made of is not.
        parameters: { ...parameters, ...picked(deployed?.parameters ?? {}, stay) },
        deployed,
      },
      deployed,
      retained: false,
    }
  );
}

function parametersIn(nested: TemplateResource | undefined, scope: Scope | undefined): Properties {
  return nested && scope ? (evaluate(nested.Properties?.Parameters ?? {}, scope) as Properties) : {};
}

function picked(values: Properties, names: readonly string[]): Properties {
  return Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)));
}

function upcomingOf(pair: Pair, level: Level, scopes: Scopes, stack: SynthesizedStack): Upcoming {
  const { logicalId, after, before, physicalId } = pair;
  const properties = propertiesOf(after, scopes.after);
  const propertiesBefore = propertiesOf(before, scopes.before);
  const policy = after ? after.UpdateReplacePolicy : before?.DeletionPolicy;
  return {
    stack: stack.name,
    path: pathOf(pair, level, stack),
    logicalId,
    stackId: level.id,
    step: stepOf(pair, properties, propertiesBefore),
    properties,
    before: propertiesBefore,
    physicalId,
    retained: level.retained || isRetained(policy),
  };
}

/** As the change set will say it. */
function fateOf({ after, before }: Pair, { retained }: Level, scopes: Scopes): Fate {
  if (!after) return retained || isRetained(before?.DeletionPolicy) ? 'retained' : 'removed';
  const same = isDeepStrictEqual(propertiesOf(after, scopes.after), propertiesOf(before, scopes.before));
  return same && after.Type === before?.Type ? 'kept' : 'unknown';
}

function stepOf({ after, before, dependsOn }: Pair, properties: Properties, propertiesBefore: Properties): Step {
  if (dependsOn !== undefined) return { dependsOn };
  if (!after) return 'delete';
  if (!before) return 'create';
  if (after.Type !== before.Type) return 'change of type';
  if (properties.ServiceToken !== propertiesBefore.ServiceToken) return 'change of provider';
  return isDeepStrictEqual(properties, propertiesBefore) ? 'none' : 'update';
}

function propertiesOf(resource: TemplateResource | undefined, scope: Scope | undefined): Properties {
  return resource && scope ? (asStrings(evaluate(resource.Properties ?? {}, scope)) as Properties) : {};
}

/** CloudFormation passes every primitive to a custom resource as a string. */
function asStrings(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asStrings);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asStrings(member)]));
}

function has(type: string, { after, before }: Pair): boolean {
  return after?.Type === type || before?.Type === type;
}

/** The resource below the construct that somebody wrote is an implementation detail. */
function pathOf({ logicalId, after, before }: Pair, level: Level, stack: SynthesizedStack): string {
  const path = pathInMetadata(after ?? before) ?? stack.pathOf(logicalId) ?? `${level.path}/${logicalId}`;
  return path.replace(/(\.NestedStack\/[^/]+|\/Resource)$/, '');
}

/** The id that a stack will have is not known, but its name is. */
function newStackId(name: string, { account, region, partition }: Environment): string {
  return `arn:${partition}:cloudformation:${region}:${account}:stack/${name}/new`;
}

function nameOf(stackId: string): string {
  return stackId.split('/')[1];
}
