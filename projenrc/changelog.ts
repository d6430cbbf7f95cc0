import * as fs from 'node:fs';
import * as path from 'node:path';

/** The sections of the changelog by what they are called: the text below the heading of a version. */
export function changelog(): Map<string, string> {
  const text = fs.readFileSync(path.join(__dirname, '..', 'CHANGELOG.md'), 'utf8');
  const [, ...sections] = text.split(/^## /m);
  return new Map(
    sections.map((section) => {
      const [, name, body] = /^\[?([^\]\s]+).*\n([\s\S]*)$/.exec(section) ?? ['', section, ''];
      return [name, body.trim()];
    }),
  );
}
