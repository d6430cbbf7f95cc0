import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as ts from 'typescript';
import { OWNERSHIP_TAG } from '../src/private/contract';
import { cfnLint } from './support/cfn-lint';

const ROOT = path.join(__dirname, '..');
const read = (file: string) => fs.readFileSync(path.join(ROOT, file), 'utf8');
const filesIn = (folder: string, extension: string, recursive = false) =>
  fs.existsSync(path.join(ROOT, folder))
    ? fs
        .readdirSync(path.join(ROOT, folder), { recursive, encoding: 'utf8' })
        .filter((file) => file.endsWith(extension))
        .map((file) => path.posix.join(folder, file))
    : [];

const PAGES = [...filesIn('.', '.md'), ...filesIn('docs', '.md')].filter((file) => file !== 'API.md').sort();

const withoutCode = (page: string) => page.replace(/^ *```[\s\S]*?^ *```/gm, '').replace(/`[^`\n]*`/g, '');

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(file: string): string[] {
  const headings =
    read(file)
      .replace(/^ *```[\s\S]*?^ *```/gm, '')
      .match(/^#+ .*$/gm) ?? [];
  const named = [...read(file).matchAll(/<a name="([^"]+)"/g)].map(([, name]) => name);
  const slug = (heading: string) =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replace(/ /g, '-');
  return [...headings.map(slug), ...named];
}

const REPOSITORY = 'https://github.com/cdk-recoverable-secret/cdk-recoverable-secret';

/** A target within the repository, from its top: also where a page that is shown elsewhere gives the whole address. */
function withinRepository(target: string, page: string): string | undefined {
  const [, file] =
    new RegExp(
      `^(?:${REPOSITORY}/blob|${REPOSITORY.replace('github.com', 'raw.githubusercontent.com')})/main/([^?]*)`,
    ).exec(target) ?? [];
  if (file) return file;
  if (/^[a-z]+:/.test(target)) return undefined;
  return target.startsWith('#') ? page + target : path.posix.join(path.posix.dirname(page), target);
}

test.each(PAGES)('every link of %s leads somewhere', (page) => {
  const text = withoutCode(read(page));
  const defined = new Map([...text.matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, name, target]) => [name, target]));
  const targets = [
    ...[...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target),
    ...[...text.matchAll(/\]\[([^\]]+)\]/g)].map(([, name]) => defined.get(name) ?? `${name} is not defined`),
  ];
  const broken = targets.filter((target) => {
    const there = withinRepository(target, page);
    if (!there) return false;
    const [file, anchor] = there.split('#');
    if (!fs.existsSync(path.join(ROOT, file))) return true;
    return anchor !== undefined && !anchorsOf(file).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test('the README, which npm and PyPI show, has whole addresses', () => {
  const targets = [...withoutCode(read('README.md')).matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)];
  expect(targets.length).toBeGreaterThan(10);
  expect(
    targets.map(([, inline, defined]) => inline ?? defined).filter((target) => !/^(https:|#)/.test(target)),
  ).toEqual([]);
});

test.each(PAGES)('every table of %s is whole', (page) => {
  const lines = read(page)
    .replace(/^ *```[\s\S]*?^ *```/gm, '')
    .split('\n');
  const isRow = (line?: string) => line?.startsWith('|') ?? false;
  // Without a heading GitHub shows the rows as text, as after an empty line within a table.
  const torn = lines.filter(
    (line, i) => isRow(line) && !isRow(lines[i - 1]) && !/^\|(?: ?-+ ?\|)+$/.test(lines[i + 1] ?? ''),
  );
  expect(torn).toEqual([]);
});

test('every npm script that a page names exists', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = PAGES.flatMap((page) => [...read(page).matchAll(/npm run ([a-z][a-z:-]*)/g)].map(([, name]) => name));
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test('every example of every page compiles', () => {
  const fixture = read('rosetta/default.ts-fixture');
  const examples = new Map<string, string>();
  for (const page of PAGES) {
    for (const [, language, info, indented] of read(page).matchAll(/^ *```(ts|typescript)\b(.*)\n([\s\S]*?)^ *```/gm)) {
      const code = info.includes('nofixture') ? indented : fixture.replace('/// here', () => indented);
      examples.set(
        path.join(ROOT, 'test', `${page.replace(/\W/g, '-')}-${examples.size}.${language}`),
        `${code}\nexport {};`,
      );
    }
  }
  expect(examples.size).toBeGreaterThan(5);

  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    paths: {
      'cdk-recoverable-secret': [path.join(ROOT, 'src', 'index.ts')],
      // The whole package exports every service as well, which takes twice as long.
      'aws-cdk-lib': [path.join(ROOT, 'node_modules', 'aws-cdk-lib', 'core', 'index.d.ts')],
    },
    types: ['node'],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => examples.has(file) || fileExists(file);
  host.readFile = (file) => examples.get(file) ?? readFile(file);
  host.getSourceFile = (file, ...rest) => {
    const example = examples.get(file);
    return example === undefined ? getSourceFile(file, ...rest) : ts.createSourceFile(file, example, rest[0]);
  };
  const program = ts.createProgram([...examples.keys()], options, host);
  const errors = [...examples.keys()]
    .flatMap((file) => [
      ...program.getSyntacticDiagnostics(program.getSourceFile(file)),
      ...program.getSemanticDiagnostics(program.getSourceFile(file)),
    ])
    .map(({ file, start, messageText }) => {
      const line = file?.text.slice(start).split('\n')[0];
      return `${path.basename(`${file?.fileName}`)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}: ${line}`;
    });
  expect(errors).toEqual([]);
}, 120_000);

test('every JSON of every page is valid, and cfn-lint finds nothing in the policies among it', async () => {
  const blocks = PAGES.flatMap((page) => [...read(page).matchAll(/^ *```json\n([\s\S]*?)^ *```/gm)]);
  const policies = blocks.map(([, json]) => JSON.parse(json)).filter(({ Statement }) => Statement !== undefined);
  expect(policies.length).toBeGreaterThan(5);
  // Service control policies are written as those of roles are.
  const resources = policies.map((PolicyDocument, index) => [
    `Policy${index}`,
    { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument } },
  ]);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'policies-'));
  try {
    const template = path.join(folder, 'template.json');
    fs.writeFileSync(template, JSON.stringify({ Resources: Object.fromEntries(resources) }));
    expect(await cfnLint(template)).toEqual({ code: 0, output: '' });
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}, 60_000);

/** What a table's first column has in code, under a heading. */
function codeInTables(page: string, heading: string): string[] {
  const section = read(page)
    .split(new RegExp(`^#+ ${heading}$`, 'm'))[1]
    .split(/^## /m)[0];
  const cells = [...section.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].map(([, cell]) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code));
}

test('operating.md explains every message of the function, and no other', () => {
  const said = filesIn('src/handler', '.ts', true).flatMap((file) => messagesOf(file));
  const explained = codeInTables('docs/operating.md', 'Messages of a failed deployment');
  const explains = (start: string, message: string) =>
    new RegExp(`^${start.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/…/g, '.*')}`).test(message);
  expect(said.length).toBeGreaterThan(20);
  expect(said.filter((message) => !explained.some((start) => explains(start, message)))).toEqual([]);
  expect(explained.filter((start) => !said.some((message) => explains(start, message)))).toEqual([]);
});

test('operating.md names every step that the function logs', () => {
  const logged = filesIn('src/handler', '.ts', true).flatMap((file) =>
    [...read(file).matchAll(/(?:step|action|do): '([^']+)'/g)].map(([, step]) => step),
  );
  expect(logged.length).toBeGreaterThan(10);
  const page = read('docs/operating.md').replace(/\n/g, ' ');
  expect(logged.filter((step) => !page.includes(`\`${step}\``))).toEqual([]);
});

/** Every text that can become the reason of a failed request, with an ellipsis for what only the request knows. */
function messagesOf(file: string): string[] {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.ES2022, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isError = ts.isNewExpression(node) && node.expression.getText() === 'Failure';
    const isRefusal = ts.isCallExpression(node) && node.expression.getText() === 'refuse';
    // Of CallFailed, which is a Failure.
    const isSuper =
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.SuperKeyword &&
      !!node.arguments[0] &&
      ts.isTemplateExpression(node.arguments[0]);
    if (isError || isRefusal || isSuper) found.push(...textsOf(node.arguments?.[0]));
    if (ts.isReturnStatement(node) && /function (explain|leftBehind|after\w+)\(/.test(functionAround(node)))
      found.push(...textsOf(node.expression));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.map((text) => text.replace(/^; /, '')).filter((text) => text !== '…');
}

function functionAround(node: ts.Node): string {
  const around = ts.findAncestor(node, ts.isFunctionDeclaration);
  return around ? around.getText() : '';
}

/** The texts that an expression can have. */
function textsOf(node: ts.Node | undefined): string[] {
  if (!node) return ['…'];
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isParenthesizedExpression(node)) return textsOf(node.expression);
  if (ts.isConditionalExpression(node)) return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return combined([textsOf(node.left), textsOf(node.right)]);
  }
  if (ts.isTemplateExpression(node)) {
    return combined([
      [node.head.text],
      ...node.templateSpans.flatMap(({ expression, literal }) => [textsOf(expression), [literal.text]]),
    ]);
  }
  if (ts.isIdentifier(node)) {
    const block = ts.findAncestor(node, ts.isFunctionDeclaration)?.getText() ?? '';
    const [, text] = new RegExp(`const ${node.text} = (\`[^\`]*\`);`).exec(block) ?? [];
    if (text) return [text.slice(1, -1).replace(/\$\{[^}]*\}/g, '…')];
  }
  return ['…'];
}

function combined(parts: string[][]): string[] {
  return parts.reduce((texts, part) => texts.flatMap((text) => part.map((next) => text + next)), ['']);
}

test('security.md explains every statement of the role, and no other', () => {
  const source = read('src/private/recovery/role-policy.ts');
  const sids = [...source.matchAll(/(?:sid: |byName\(|manage\()'(\w+)'/g)].map(([, sid]) => sid);
  expect(codeInTables('docs/security.md', 'What the function may do').sort()).toEqual(sids.sort());
});

test('operating.md explains every warning, and no other', () => {
  const ids = filesIn('src', '.ts', true).flatMap((file) =>
    [...read(file).matchAll(/'cdk-recoverable-secret:(\w+)'/g)].map(([, id]) => id),
  );
  expect(codeInTables('docs/operating.md', 'Warnings at synthesis').sort()).toEqual([...new Set(ids)].sort());
});

test('migration.md takes away every tag of the library', () => {
  const named = [...read('docs/migration.md').matchAll(/recoverable-secret:[a-z-]+/g)].map(([tag]) => tag);
  expect([...new Set(named)].sort()).toEqual(Object.values(OWNERSHIP_TAG).sort());
});
