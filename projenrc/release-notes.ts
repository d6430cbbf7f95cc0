import * as fs from 'node:fs';
import * as path from 'node:path';
import { changelog } from './changelog';

/** What the release on GitHub says is what the changelog says, and not the list of commits that projen makes. */
const DIST = path.join(__dirname, '..', 'dist');
const version = fs.readFileSync(path.join(DIST, 'version.txt'), 'utf8').trim();
const section = changelog().get(version);
if (!section) throw new Error(`CHANGELOG.md has nothing under '## ${version}'`);
fs.writeFileSync(path.join(DIST, 'changelog.md'), `${section}\n`);
