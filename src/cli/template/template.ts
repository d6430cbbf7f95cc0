import { parse } from 'yaml';

/** A CloudFormation template, as far as the commands look at it. */
export interface Template {
  readonly Parameters?: Readonly<Record<string, { readonly Type?: string; readonly Default?: unknown }>>;
  readonly Mappings?: Readonly<Record<string, unknown>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Resources?: Readonly<Record<string, TemplateResource>>;
}

export interface TemplateResource {
  readonly Type: string;
  readonly Condition?: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

export const STACK_TYPE = 'AWS::CloudFormation::Stack';

/** CloudFormation hands a template back as it was given. */
export function parseTemplate(body: string): Template {
  // JSON is YAML as well, but takes a hundred times as long.
  return body.trimStart().startsWith('{') ? JSON.parse(body) : parse(body, { logLevel: 'silent' });
}

/** Where the construct is in the app, as the CDK CLI has it written into templates. */
export function pathInMetadata(resource: TemplateResource | undefined): string | undefined {
  const path = resource?.Metadata?.['aws:cdk:path'];
  return typeof path === 'string' ? path : undefined;
}

/** Whether CloudFormation leaves it behind when it takes it out of a stack, which it does otherwise in any case. */
export function isRetained(policy: string | undefined): boolean {
  return policy === 'Retain' || policy === 'RetainExceptOnCreate';
}
