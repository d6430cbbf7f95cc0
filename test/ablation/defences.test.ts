import * as fs from 'node:fs';
import * as path from 'node:path';
import * as ts from 'typescript';
import { type Defence, defencesOf, defencesOfFunction, without } from './defences';

const ROOT = path.join(__dirname, '..', '..');

/** Reading the types of the AWS SDK takes a while. */
jest.setTimeout(60_000);

test('every defence is described, and every description is of one', () => {
  const names = defencesOfFunction().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.sort()).toEqual(documented().sort());
});

/** The rows of the table, by name. */
function documented(): string[] {
  const text = fs.readFileSync(path.join(__dirname, 'README.md'), 'utf8');
  return [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
}

test('without its defences the function is still one that compiles', () => {
  expect(typeErrors(defencesOfFunction())).toEqual([]);
});

/** With all of them taken out at once: what one of them alone would break is broken then as well. */
function typeErrors(defences: readonly Defence[]): string[] {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.dev.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    // What only a defence needed is left over.
    { ...config, compilerOptions: { ...config.compilerOptions, noUnusedLocals: false, noUnusedParameters: false } },
    ts.sys,
    ROOT,
  );
  const host = ts.createCompilerHost(options);
  const { readFile } = host;
  host.readFile = (file) => {
    const inFile = defences.filter((defence) => path.resolve(defence.file) === path.resolve(file));
    return without(readFile(file) ?? '', inFile);
  };
  const program = ts.createProgram([...new Set(defences.map(({ file }) => file))], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}

test.each([
  ['a statement', '// @defence x', 'if (a) b();', ';'],
  ['a statement with another one in its place', '// @defence x: return 1', 'return a;', 'return 1;'],
  ['a statement that is long', '// Why.\n  // @defence x', 'if (a) {\n b();\n} else c();', ';'],
])('takes out %s', (_what, comment, statement, left) => {
  const text = (middle: string) => `function f(a) {\n  ${comment}\n  ${middle}\n  d();\n}`;
  expect(without(text(statement), defencesOf('example.ts', text(statement)))).toBe(text(left));
});

test.each([
  ['that nothing follows', 'f();\n// @defence x\n'],
  ['before something that is not a statement', 'f(\n// @defence x\na);'],
  ['of another form', '/** @defence x */\nf();'],
])('does not overlook a defence %s', (_what, text) => {
  expect(() => defencesOf('example.ts', text)).toThrow('example.ts declares 1 defences, and only 0 can be taken out');
});
