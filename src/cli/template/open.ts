import { createHash } from 'node:crypto';

/**
 * What only the deployment knows stands in a text between characters that no template has. The text around it stays known.
 */
const BEGIN = '\u0001';
const SEPARATOR = '\u0002';
const END = '\u0003';
const OPEN = new RegExp(`${BEGIN}([^${SEPARATOR}]*)${SEPARATOR}[^${END}]*${END}`, 'g');

/**
 * In the place of a value that is not known yet.
 *
 * @param what It depends on, for a person
 * @param expression It is made of: two places are equal if their expressions are. It may hold a value and is not shown.
 */
export function open(what: string, expression: unknown = what): string {
  const identity = createHash('sha256').update(JSON.stringify(expression)).digest('hex').slice(0, 12);
  return `${BEGIN}${shown(what)}${SEPARATOR}${identity}${END}`;
}

/** What is not known yet of a value. */
export function openIn(value: unknown): string[] {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  // JSON writes these characters as escapes.
  const plain = text.replace(/\\u000([123])/g, (_, code) => String.fromCharCode(Number(code)));
  return [...new Set([...plain.matchAll(OPEN)].map(([, what]) => what))];
}

export function isOpen(value: unknown): boolean {
  return openIn(value).length > 0;
}

/** For a person. */
export function shown(text: string): string {
  return text.replace(OPEN, '<$1>');
}
