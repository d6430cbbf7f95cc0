import {
  type ExistingSecretPolicyValue,
  type GeneratedValueValue,
  PURGE_DENIAL,
  PURGE_DENIAL_SID,
  type RecoverySettings,
  type RestorePolicyValue,
} from '../../src/private/contract';
import { VALUE_MARK } from './fake-secrets-manager';
import type { Policy } from './permissions';

/** A recoverable secret as somebody writes it into an app. */
export interface SecretDeclaration {
  readonly logicalId: string;
  readonly name: string;
  /** Default: the name of the stack. */
  readonly owner?: string;
  readonly value: 'none' | 'declared 1' | 'declared 2' | 'generated 1' | 'generated 2';
  readonly description: string;
  readonly key?: string;
  readonly replicas: readonly string[];
  readonly team?: string;
  readonly window: number;
  readonly force: boolean;
  readonly retain: boolean;
  readonly restorePolicy: RestorePolicyValue;
  readonly existingPolicy: ExistingSecretPolicyValue;
  readonly restoredValue: GeneratedValueValue;
  readonly updatedValue: GeneratedValueValue;
  readonly purgeProtection: boolean;
  /** Whether the template has a resource policy for the secret. */
  readonly policy: boolean;
}

export type Template = readonly SecretDeclaration[];

export function ownerOf(secret: SecretDeclaration, stackName: string): string {
  return secret.owner ?? stackName;
}

export function declaredText(secret: SecretDeclaration): string | undefined {
  return secret.value.startsWith('declared') ? `${VALUE_MARK}${secret.value} of ${secret.name} "\\ü` : undefined;
}

/** What the construct writes into the template; CloudFormation delivers every primitive as a string. */
export function propertiesOf(secret: SecretDeclaration): Record<string, unknown> {
  const recovery: RecoverySettings = {
    Owner: secret.owner,
    RecoveryWindowInDays: unless(String(secret.window), '30'),
    ForceDeleteWithoutRecovery: secret.force ? 'true' : undefined,
    RestorePolicy: unless(secret.restorePolicy, 'IF_OWNED'),
    ExistingSecretPolicy: unless(secret.existingPolicy, 'ADOPT_IF_OWNED'),
    RestoredValue: unless(secret.restoredValue, 'KEEP'),
    UpdatedValue: unless(secret.updatedValue, 'REGENERATE'),
    PurgeProtection: secret.purgeProtection ? (secret.policy ? 'WHILE_SCHEDULED' : 'ALWAYS') : undefined,
  };
  return {
    ServiceToken: 'arn:aws:lambda:eu-west-1:111122223333:function:provider',
    ServiceTimeout: '2100',
    Name: secret.name,
    ...(secret.description && { Description: secret.description }),
    ...(secret.key && { KmsKeyId: secret.key }),
    ...(secret.replicas.length > 0 && { ReplicaRegions: secret.replicas.map((Region) => ({ Region })) }),
    ...(secret.team && { Tags: [{ Key: 'team', Value: secret.team }] }),
    ...valueProperties(secret),
    ...Object.fromEntries(Object.entries(recovery).filter(([, value]) => value !== undefined)),
  };
}

/** What has its default is not in the template. */
function unless<T>(value: T, usual: T): T | undefined {
  return value === usual ? undefined : value;
}

/** The policy that the template has for the secret; undefined for none. */
export function policyDocument({ policy, purgeProtection }: SecretDeclaration): string | undefined {
  if (!policy) return undefined;
  const own = {
    Sid: 'Readers',
    Effect: 'Allow',
    Principal: '*',
    Action: 'secretsmanager:GetSecretValue',
    Resource: '*',
  };
  const denial = { Sid: PURGE_DENIAL_SID.template, ...PURGE_DENIAL };
  return JSON.stringify({ Version: '2012-10-17', Statement: [own, ...(purgeProtection ? [denial] : [])] });
}

function valueProperties(secret: SecretDeclaration): Record<string, unknown> {
  switch (secret.value) {
    case 'none':
      return {};
    case 'declared 1':
    case 'declared 2':
      return { SecretString: declaredText(secret) };
    case 'generated 1':
      return { GenerateSecretString: { PasswordLength: '40' } };
    case 'generated 2':
      return {
        GenerateSecretString: { SecretStringTemplate: '{"user":"me"}', GenerateStringKey: 'password' },
      };
  }
}

/** A secret of an app, with the stack that it is in. */
export interface Served {
  readonly stackName: string;
  readonly secret: SecretDeclaration;
}

/** The role of a provider: of the one that a stack has for itself, or of one that is shared. */
export function policyOf(
  provider: { readonly name: string; readonly id: string; readonly region: string; readonly shared: boolean },
  served: readonly Served[],
): Policy {
  const names = (wanted: (secret: SecretDeclaration) => boolean) =>
    new Set(served.filter(({ secret }) => wanted(secret)).map(({ secret }) => secret.name));
  const restoreByName = names(({ restorePolicy }) => restorePolicy === 'ALWAYS');
  const adoptByName = names(({ existingPolicy }) => existingPolicy === 'ADOPT');
  const owners = new Set([provider.name, ...served.map(({ stackName, secret }) => ownerOf(secret, stackName))]);
  return {
    region: provider.region,
    owners,
    holder: provider.shared ? `${stackArn(provider.region, '')}*` : provider.id,
    restoreByName,
    adoptByName,
    protects: served.some(({ secret }) => secret.purgeProtection),
    // The stack that a native secret comes from can be any.
    sees: provider.shared || restoreByName.size + adoptByName.size > 0 ? 'every stack' : [...owners],
  };
}

export function stackArn(region: string, name: string): string {
  return `arn:aws:cloudformation:${region}:111122223333:stack/${name}`;
}
