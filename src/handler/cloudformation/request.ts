import {
  type ExistingSecretPolicyValue,
  type GeneratedValueValue,
  type PurgeProtectionValue,
  RECOVERY_WINDOW,
  type RestorePolicyValue,
} from '../../private/contract';
import type { DeclaredSecret, Requester, ValueSource } from '../model/declared-secret';

/** A custom resource request as CloudFormation sends it; every primitive property arrives as a string. */
export interface CloudFormationRequest {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly RequestId: string;
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: Record<string, unknown>;
  readonly OldResourceProperties?: Record<string, unknown>;
}

/** When CloudFormation sent the request, and until when it listens; milliseconds since 1970, where the URL tells. */
export function validityOf(responseUrl: string): { readonly sent?: number; readonly expires?: number } {
  const query = new URL(responseUrl).searchParams;
  const signed = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '');
  const lifetime = Number(query.get('X-Amz-Expires'));
  if (signed && lifetime > 0) {
    const [year, month, day, hour, minute, second] = signed.slice(1).map(Number);
    const sent = Date.UTC(year, month - 1, day, hour, minute, second);
    return { sent, expires: sent + lifetime * 1000 };
  }
  const expires = Number(query.get('Expires'));
  return expires > 0 ? { expires: expires * 1000 } : {};
}

export function requesterOf(request: CloudFormationRequest): Requester {
  return {
    type: request.RequestType,
    requestId: request.RequestId,
    sentAt: validityOf(request.ResponseURL).sent,
    stackId: request.StackId,
    logicalId: request.LogicalResourceId,
  };
}

/** Reads the properties of the resource; what the construct did not write has its default. */
export function declaredSecret(properties: Record<string, unknown>, stackId: string): DeclaredSecret {
  return {
    name: text(properties, 'Name') ?? '',
    description: text(properties, 'Description') ?? '',
    kmsKeyId: text(properties, 'KmsKeyId') || undefined,
    type: text(properties, 'Type') || undefined,
    replicas: objects(properties.ReplicaRegions).map((replica) => ({
      region: text(replica, 'Region') ?? '',
      kmsKeyId: text(replica, 'KmsKeyId') || undefined,
    })),
    tags: Object.fromEntries(objects(properties.Tags).map((tag) => [text(tag, 'Key') ?? '', text(tag, 'Value') ?? ''])),
    value: valueSource(properties),
    owner: text(properties, 'Owner') ?? stackName(stackId),
    recoveryWindowInDays: number(properties, 'RecoveryWindowInDays') ?? RECOVERY_WINDOW.default,
    forceDeleteWithoutRecovery: flag(properties, 'ForceDeleteWithoutRecovery') ?? false,
    restorePolicy: (text(properties, 'RestorePolicy') as RestorePolicyValue | undefined) ?? 'IF_OWNED',
    existingSecretPolicy:
      (text(properties, 'ExistingSecretPolicy') as ExistingSecretPolicyValue | undefined) ?? 'ADOPT_IF_OWNED',
    restoredValue: (text(properties, 'RestoredValue') as GeneratedValueValue | undefined) ?? 'KEEP',
    updatedValue: (text(properties, 'UpdatedValue') as GeneratedValueValue | undefined) ?? 'REGENERATE',
    purgeProtection: (text(properties, 'PurgeProtection') as PurgeProtectionValue | undefined) ?? 'NONE',
  };
}

/** The name that a stack was deployed under. */
export function stackName(stackId: string): string {
  return stackId.split('/')[1] ?? '';
}

function valueSource(properties: Record<string, unknown>): ValueSource {
  const declared = text(properties, 'SecretString');
  if (declared !== undefined) return { kind: 'declared', text: declared };
  const [generator] = objects([properties.GenerateSecretString]);
  if (!generator) return { kind: 'none' };
  return {
    kind: 'generated',
    options: {
      passwordLength: number(generator, 'PasswordLength'),
      excludeCharacters: text(generator, 'ExcludeCharacters'),
      excludeLowercase: flag(generator, 'ExcludeLowercase'),
      excludeNumbers: flag(generator, 'ExcludeNumbers'),
      excludePunctuation: flag(generator, 'ExcludePunctuation'),
      excludeUppercase: flag(generator, 'ExcludeUppercase'),
      includeSpace: flag(generator, 'IncludeSpace'),
      requireEachIncludedType: flag(generator, 'RequireEachIncludedType'),
      template: text(generator, 'SecretStringTemplate'),
      key: text(generator, 'GenerateStringKey'),
    },
  };
}

function text(properties: Record<string, unknown>, name: string): string | undefined {
  const value = properties[name];
  return value === undefined || value === null ? undefined : String(value);
}

function number(properties: Record<string, unknown>, name: string): number | undefined {
  const value = text(properties, name);
  return value === undefined ? undefined : Number(value);
}

function flag(properties: Record<string, unknown>, name: string): boolean | undefined {
  const value = text(properties, name);
  return value === undefined ? undefined : value.toLowerCase() === 'true';
}

function objects(value: unknown): Record<string, unknown>[] {
  const list = Array.isArray(value) ? value : [];
  return list.filter((item): item is Record<string, unknown> => typeof item === 'object' && item !== null);
}
