import { AspectPriority, Aspects, Lazy, Reference, Stage, Token, Tokenization } from 'aws-cdk-lib';
import { CfnResourcePolicy, CfnSecret, CfnSecretTargetAttachment } from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import { PURGE_DENIAL, PURGE_DENIAL_SID, type PurgeProtectionValue } from '../contract';
import { pathOf } from '../error';
import { renderedProperties } from '../rendered';

// In the global symbol registry, for two copies of this library in one app.
const POLICIES = Symbol.for('cdk-recoverable-secret.Policies');
const WATCHED = Symbol.for('cdk-recoverable-secret.PoliciesWatched');

const DENIAL = { Sid: PURGE_DENIAL_SID.template, ...PURGE_DENIAL };

/** A secret that is protected from being deleted for good, with the resource policies that the template has for it. */
type Protected = CfnSecret & { readonly [POLICIES]: Set<CfnResourcePolicy> };

/**
 * Protects the secret from being deleted for good: the function does, and a policy that the template has for the secret,
 * because a secret has one policy only.
 *
 * @returns what the function has to do, which is known when the app is complete
 */
export function protectFromPurge(secret: CfnSecret): PurgeProtectionValue {
  const policies = new Set<CfnResourcePolicy>();
  Object.defineProperty(secret, POLICIES, { value: policies });
  secret.node.addValidation({ validate: () => [...policies].flatMap((policy) => documentErrors(policy)) });
  addDenials(Stage.of(secret) ?? secret.node.root);
  const produce = (): PurgeProtectionValue => (policies.size > 0 ? 'WHILE_SCHEDULED' : 'ALWAYS');
  return Lazy.uncachedString({ produce }) as PurgeProtectionValue;
}

/** Adds the denial to each resource policy of a protected secret, when it is there. */
function addDenials(stage: IConstruct): void {
  if (WATCHED in stage) return;
  Object.defineProperty(stage, WATCHED, { value: true });
  const visit = (node: IConstruct) => {
    if (!(node instanceof CfnResourcePolicy)) return;
    const secret = secretBehind(node.secretId);
    if (!secret || !isProtected(secret) || secret[POLICIES].has(node)) return;
    secret[POLICIES].add(node);
    const given: unknown = node.resourcePolicy;
    node.resourcePolicy = Lazy.uncachedAny({ produce: (context) => withDenial(context.resolve(given)) });
  };
  // After the aspects that add policies, rotations and attachments.
  Aspects.of(stage).add({ visit }, { priority: AspectPriority.DEFAULT + 1 });
}

function isProtected(secret: CfnSecret): secret is Protected {
  return POLICIES in secret;
}

/** What stands for the secret of a database is the attachment. */
function secretBehind(id: unknown): CfnSecret | undefined {
  if (typeof id !== 'string' || !Token.isUnresolved(id)) return undefined;
  const token = Tokenization.reverseString(id).firstToken;
  if (!token || !Reference.isReference(token)) return undefined;
  const { target } = token;
  if (target instanceof CfnSecretTargetAttachment) return secretBehind(target.secretId);
  return target instanceof CfnSecret ? target : undefined;
}

/** What is no document of statements is refused later, when overrides have been applied as well. */
function withDenial(document: unknown): unknown {
  const { Statement } = Object(document) as { readonly Statement?: unknown };
  if (hasDenial(document) || typeof Statement !== 'object') return document;
  return { ...Object(document), Statement: [Statement, DENIAL].flat() };
}

function hasDenial(document: unknown): boolean {
  return JSON.stringify(document)?.includes(PURGE_DENIAL_SID.template) ?? false;
}

function documentErrors(policy: CfnResourcePolicy): string[] {
  if (hasDenial(renderedProperties(policy).ResourcePolicy)) return [];
  return [
    `purgeProtection needs a statement of its own in resource policy '${pathOf(policy)}' of the secret, and cannot add it ` +
      `to a document that only the deployment knows, or where an override replaces it; write it there: ${JSON.stringify(DENIAL)}`,
  ];
}
