import * as fs from 'node:fs';
import * as path from 'node:path';
import * as ts from 'typescript';

const ROOT = path.join(__dirname, '../../src/handler');
const FILES = fs.readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

/** What each layer may import beside itself. Files outside of the folders are layers of their own. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  model: [],
  messages: ['model', 'errors'],
  aftermath: ['model'],
  decide: ['model', 'messages'],
  errors: [],
  cloudformation: ['model', 'errors', '@aws-sdk'],
  environment: ['cloudformation', '@aws-sdk'],
  aws: ['model', 'errors', 'environment', 'cloudformation', '@aws-sdk'],
  'secret-value': ['model', 'messages', 'errors', 'environment', 'aws', '@aws-sdk'],
  run: ['model', 'decide', 'messages', 'aftermath', 'errors', 'environment', 'cloudformation', 'aws', 'secret-value'],
  main: ['model', 'messages', 'aftermath', 'errors', 'environment', 'cloudformation', 'aws', 'run'],
};

/** The layer of a file, given by its path in the folder of the function. */
function layerOf(file: string): string {
  return file.includes(path.sep) ? file.split(path.sep)[0] : file.replace(/\.ts$/, '');
}

function importsOf(file: string): string[] {
  const imported = ts.preProcessFile(fs.readFileSync(path.join(ROOT, file), 'utf8')).importedFiles;
  return imported.flatMap(({ fileName }) => {
    if (fileName.startsWith('node:')) return [];
    if (!fileName.startsWith('.')) return [fileName.split('/')[0]];
    const target = path.relative(ROOT, path.join(ROOT, path.dirname(file), fileName));
    // Both sides share it, and it imports nothing.
    return target === path.join('..', 'private', 'contract') ? [] : [layerOf(target)];
  });
}

test.each(FILES)('%s imports only the layers below it', (file) => {
  const layer = layerOf(file);
  expect(importsOf(file).filter((each) => each !== layer && !MAY_IMPORT[layer]?.includes(each))).toEqual([]);
});

test('an import that goes up would be seen', () => {
  expect(importsOf(path.join('run', 'release.ts'))).toEqual(expect.arrayContaining(['aws', 'decide', 'model', 'run']));
  expect(importsOf(path.join('aws', 'secrets.ts'))).toContain('@aws-sdk');
});

test('no file is much longer than 200 lines', () => {
  const lengths = FILES.map(
    (file) => [file, fs.readFileSync(path.join(ROOT, file), 'utf8').split('\n').length] as const,
  );
  expect(lengths.length).toBeGreaterThan(20);
  expect(lengths.filter(([, lines]) => lines > 235)).toEqual([]);
});
