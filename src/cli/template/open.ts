/**
 * What only the deployment knows stands in a text between two characters that no template has. The text around it stays
 * known.
 */
const BEGIN = '\u0001';
const END = '\u0002';
const OPEN = new RegExp(`${BEGIN}([^${END}]*)${END}`, 'g');

/** In the place of a value that is not known yet. */
export function open(what: string): string {
  return `${BEGIN}${what}${END}`;
}

/** What is not known yet of a value. */
export function openIn(value: unknown): string[] {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  // JSON writes the two characters as escapes.
  const plain = text.replaceAll('\\u0001', BEGIN).replaceAll('\\u0002', END);
  return [...new Set([...plain.matchAll(OPEN)].map(([, what]) => what))];
}

export function isOpen(value: unknown): boolean {
  return openIn(value).length > 0;
}

/** For a person. */
export function shown(text: string): string {
  return text.replace(OPEN, '<$1>');
}
