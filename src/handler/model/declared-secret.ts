import type {
  ExistingSecretPolicyValue,
  GeneratedValueValue,
  PurgeProtectionValue,
  RestorePolicyValue,
} from '../../private/contract';

/** The resource that asks: what the ownership tags are compared with. */
export interface Requester {
  readonly type: 'Create' | 'Update' | 'Delete';
  readonly requestId: string;
  /** When CloudFormation sent the request, by its own clock, in milliseconds since 1970; undefined when it did not say. */
  readonly sentAt?: number;
  readonly stackId: string;
  readonly logicalId: string;
}

export interface Replica {
  readonly region: string;
  readonly kmsKeyId?: string;
}

export interface GeneratorOptions {
  readonly passwordLength?: number;
  readonly excludeCharacters?: string;
  readonly excludeLowercase?: boolean;
  readonly excludeNumbers?: boolean;
  readonly excludePunctuation?: boolean;
  readonly excludeUppercase?: boolean;
  readonly includeSpace?: boolean;
  readonly requireEachIncludedType?: boolean;
  readonly template?: string;
  readonly key?: string;
}

/** Where the value comes from; a secret with neither is empty. */
export type ValueSource =
  | { readonly kind: 'none' }
  | { readonly kind: 'declared'; readonly text: string }
  | { readonly kind: 'generated'; readonly options: GeneratorOptions };

/** What the template declares. */
export interface DeclaredSecret {
  /** Empty where a condition took the name away. */
  readonly name: string;
  readonly description: string;
  readonly kmsKeyId?: string;
  readonly type?: string;
  readonly replicas: readonly Replica[];
  readonly tags: Readonly<Record<string, string>>;
  readonly value: ValueSource;
  readonly owner: string;
  readonly recoveryWindowInDays: number;
  readonly forceDeleteWithoutRecovery: boolean;
  readonly restorePolicy: RestorePolicyValue;
  readonly existingSecretPolicy: ExistingSecretPolicyValue;
  readonly restoredValue: GeneratedValueValue;
  readonly updatedValue: GeneratedValueValue;
  readonly purgeProtection: PurgeProtectionValue;
}
