import { changelog } from './changelog';

/**
 * Prints the first version; the next ones follow from the commits, and then nothing is printed.
 *
 * Fails unless the changelog has a section for what is about to be released.
 */
const FIRST = '0.1.0';
const { VERSION = '0.0.0', SUGGESTED_BUMP = 'none' } = process.env;
const isFirst = VERSION === '0.0.0';
const next = isFirst ? FIRST : bumped(VERSION, SUGGESTED_BUMP);

const sections = changelog();
if (!sections.has(next)) {
  console.error(
    `CHANGELOG.md has no section '## ${next}', the version to release; it has: ${[...sections.keys()].join(', ')}`,
  );
  process.exitCode = 1;
} else if (isFirst) {
  process.stdout.write(FIRST);
}

function bumped(version: string, bump: string): string {
  const [major, minor, patch] = version.split('.').map(Number);
  if (bump === 'major') return `${major + 1}.0.0`;
  if (bump === 'minor') return `${major}.${minor + 1}.0`;
  if (bump === 'patch') return `${major}.${minor}.${patch + 1}`;
  return version;
}
