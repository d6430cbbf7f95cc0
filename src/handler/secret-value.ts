import { randomUUID } from 'node:crypto';
import { GetRandomPasswordCommand } from '@aws-sdk/client-secrets-manager';
import { IAM_LAG, retryTransient } from './aws/retry';
import type { Environment } from './environment';
import { rejected } from './errors';
import { refuseTemplate, refuseTemplateWithoutKey } from './messages';
import type { GeneratorOptions, ValueSource } from './model/declared-secret';

/** The value that the template asks for; undefined for a secret that stays empty. */
export async function produceValue(env: Environment, source: ValueSource): Promise<string | undefined> {
  switch (source.kind) {
    case 'none':
      return undefined;
    case 'declared':
      return source.text;
    case 'generated':
      return generate(env, source.options);
  }
}

async function generate(env: Environment, options: GeneratorOptions): Promise<string> {
  assertTemplate(options);
  const command = new GetRandomPasswordCommand({
    PasswordLength: options.passwordLength,
    ExcludeCharacters: options.excludeCharacters,
    ExcludeLowercase: options.excludeLowercase,
    ExcludeNumbers: options.excludeNumbers,
    ExcludePunctuation: options.excludePunctuation,
    ExcludeUppercase: options.excludeUppercase,
    IncludeSpace: options.includeSpace,
    RequireEachIncludedType: options.requireEachIncludedType,
  });
  const { RandomPassword: password = '' } = await retryTransient(env, 'GetRandomPassword', IAM_LAG, () =>
    env.secrets.send(command),
  );
  if (options.template === undefined || options.key === undefined) return password;
  return intoTemplate(options.template, options.key, password);
}

/** Both or none, and an object: checked before anything is changed. The template may be sensitive, so it is not shown. */
export function assertTemplate({ template, key }: GeneratorOptions): void {
  if ((template === undefined) !== (key === undefined)) {
    throw rejected(refuseTemplateWithoutKey());
  }
  if (template === undefined) return;
  let parsed: unknown;
  try {
    parsed = JSON.parse(template);
  } catch {
    // Told below, without its text.
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw rejected(refuseTemplate());
  }
}

/** Sets the key to the password. Numbers keep every digit: they are strings while the template is parsed. */
export function intoTemplate(template: string, key: string, password: string): string {
  const mark = `${randomUUID()}:`;
  const marked = template.replace(STRING_OR_NUMBER, (token) => (token.startsWith('"') ? token : `"${mark}${token}"`));
  const filled = JSON.stringify({ ...JSON.parse(marked), [key]: password });
  return filled.replace(new RegExp(`"${mark}([^"]*)"`, 'g'), '$1');
}

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
