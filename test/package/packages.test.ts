import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { lastLines, run } from '../support/run';

const ROOT = path.join(__dirname, '..', '..');
// Not the user's own repository, where version 0.0.0 would stay for ever.
const MAVEN_REPOSITORY = path.join(ROOT, '.tools', 'maven');

interface Language {
  readonly name: string;
  /** What a user does once before the app can be synthesized. */
  readonly install: string[];
}

const LANGUAGES: Language[] = [
  { name: 'typescript', install: ['npm ci --no-audit --no-fund', 'npm run check'] },
  { name: 'python', install: ['python3 -m venv .venv', '.venv/bin/pip install --quiet -r requirements.txt'] },
  { name: 'java', install: ['mvn --quiet compile'] },
  { name: 'go', install: ['go build -o shop .'] },
];

/** Holds the packages, and the examples as somebody has them who just cloned the repository. */
let copy: string;
const folderOf = (language: string) => path.join(copy, 'examples', language);
const isOfTheExample = (file: string) => !['.venv', 'cdk.out', 'node_modules', 'target'].includes(path.basename(file));
const readJson = (file: string) => JSON.parse(fs.readFileSync(file, 'utf8'));

beforeAll(async () => {
  copy = fs.mkdtempSync(path.join(os.tmpdir(), 'packages-'));
  fs.symlinkSync(path.join(ROOT, 'dist'), path.join(copy, 'dist'));
  fs.cpSync(path.join(ROOT, 'examples'), path.join(copy, 'examples'), { recursive: true, filter: isOfTheExample });
  forgetJavaPackage();
});
afterAll(() => {
  forgetJavaPackage();
  // Go makes what it downloads read-only; it is not here, but in the cache of the user.
  fs.rmSync(copy, { recursive: true, force: true });
});

function forgetJavaPackage(): void {
  fs.rmSync(path.join(MAVEN_REPOSITORY, 'io', 'github', 'cdk-recoverable-secret'), { recursive: true, force: true });
}

/** Runs a command line as a user would; throws unless it succeeds. */
async function sh(command: string, cwd: string): Promise<string> {
  const { code, output } = await run('sh', ['-c', command], {
    cwd,
    env: {
      ...process.env,
      CDK_OUTDIR: path.join(cwd, 'cdk.out'),
      JSII_RUNTIME_PACKAGE_CACHE_ROOT: path.join(copy, 'jsii-cache'),
      // aws-cdk-lib is large, and the app imports little of it.
      PIP_NO_COMPILE: '1',
      MAVEN_OPTS: `-Dmaven.repo.local=${MAVEN_REPOSITORY}`,
    },
  });
  if (code !== 0) throw new Error(`${command}\n${lastLines(output, 40)}`);
  return output;
}

async function synthesized(folder: string): Promise<unknown[]> {
  const { app } = readJson(path.join(folder, 'cdk.json'));
  await sh(app, folder);
  const out = path.join(folder, 'cdk.out');
  const files = fs.readdirSync(out).filter((file) => file.endsWith('.template.json'));
  expect(files).toEqual(['Operations.template.json', 'Shop.template.json']);
  return files.map((file) => readJson(path.join(out, file)));
}

describe('the example', () => {
  const templates: Record<string, unknown> = {};

  describe.each(LANGUAGES)('in $name', ({ name, install }) => {
    test('installs the package', async () => {
      for (const command of install) await sh(command, folderOf(name));
    });

    test('is synthesized', async () => {
      templates[name] = await synthesized(folderOf(name));
    });
  });

  test.each(LANGUAGES.slice(1))('has the same templates in $name as in TypeScript', ({ name }) => {
    expect(templates[name]).toBeDefined();
    expect(templates[name]).toEqual(templates.typescript);
  });
});

// The module for Go asks for the versions that it was built with.
describe('the example with the oldest CDK that the package allows', () => {
  const templates: Record<string, unknown> = {};

  const OLDEST: (Language & { manifest: string })[] = [
    { name: 'typescript', manifest: 'package.json', install: ['npm install --no-audit --no-fund', 'npm run check'] },
    { ...LANGUAGES[1], manifest: 'requirements.txt' },
    { ...LANGUAGES[2], manifest: 'pom.xml' },
  ];

  test.each(OLDEST)('is synthesized in $name', async ({ name, manifest, install }) => {
    const folder = path.join(copy, 'oldest', name);
    fs.cpSync(path.join(ROOT, 'examples', name), folder, { recursive: true, filter: isOfTheExample });
    fs.rmSync(path.join(folder, 'package-lock.json'), { force: true });
    const file = path.join(folder, manifest);
    // Without what the newer versions need.
    const [direct] = fs.readFileSync(file, 'utf8').split('\n# What these need');
    fs.writeFileSync(file, withOldest(direct));
    for (const command of install) await sh(command, folder);
    templates[name] = await synthesized(folder);
  });

  test.each(OLDEST.slice(1))('has the same templates in $name as in TypeScript', ({ name }) => {
    expect(templates[name]).toBeDefined();
    expect(templates[name]).toEqual(templates.typescript);
  });
});

/** The same text with the oldest versions in the place of those of the examples. */
function withOldest(text: string): string {
  const { peerDependencies } = readJson(path.join(ROOT, 'package.json'));
  const { dependencies } = readJson(path.join(ROOT, 'examples', 'typescript', 'package.json'));
  return ['aws-cdk-lib', 'constructs'].reduce((changed, name) => {
    expect(changed).toContain(dependencies[name]);
    return changed.replace(dependencies[name], peerDependencies[name].replace('^', ''));
  }, text);
}

describe('the npm package', () => {
  let content: string;
  beforeAll(async () => {
    content = path.join(copy, 'content');
    fs.mkdirSync(content);
    await sh(`tar -xzf "${path.join(ROOT, 'dist', 'js', tarball())}" -C content`, copy);
  });

  const tarball = () => fs.readdirSync(path.join(ROOT, 'dist', 'js')).find((file) => file.endsWith('.tgz')) ?? '';
  const filesIn = (folder: string) =>
    fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));

  test('contains the library, the bundles of the handler and of the command line, and nothing else', () => {
    const modules = filesIn(path.join(ROOT, 'src'))
      .filter((file) => !/^(handler|cli)\b/.test(file))
      .map((file) => `lib/${file.replace(/\.ts$/, '')}`);
    expect(filesIn(path.join(content, 'package')).sort()).toEqual(
      [
        '.jsii',
        '.jsii.tabl.json',
        'API.md',
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'assets/cli/main/index.js',
        'assets/handler/main/index.js',
        'package.json',
        ...modules.flatMap((module) => [`${module}.d.ts`, `${module}.js`]),
      ].sort(),
    );
  });

  test('says nothing about the machine that built it, and maps to no sources', () => {
    for (const file of filesIn(content)) {
      const text = fs.readFileSync(path.join(content, file), 'utf8');
      for (const trace of [ROOT, os.homedir(), 'sourceMappingURL'])
        expect([file, text.includes(trace)]).toEqual([file, false]);
    }
  });

  test('is small', () => {
    expect(fs.statSync(path.join(ROOT, 'dist', 'js', tarball())).size).toBeLessThan(520_000);
  });

  test('has a command that runs in an empty folder', async () => {
    const empty = path.join(copy, 'empty');
    fs.mkdirSync(empty);
    const command = `npx --yes --package "${path.join(ROOT, 'dist', 'js', tarball())}" cdk-recoverable-secret`;
    expect(await sh(`${command} --help`, empty)).toContain('Usage: cdk-recoverable-secret');
    const plan = `AWS_REGION=eu-west-1 ${command} plan`;
    await expect(sh(plan, empty)).rejects.toThrow('cdk.out is not a cloud assembly: run cdk synth first');
    expect(fs.readdirSync(empty)).toEqual([]);
  });

  test('has the same command in Python', async () => {
    const command = path.join(folderOf('python'), '.venv', 'bin', 'cdk-recoverable-secret');
    expect(await sh(`"${command}" --help`, copy)).toContain('Usage: cdk-recoverable-secret');
  });

  test('loads nothing of the command line with the library', async () => {
    const loaded = await sh(
      `node -p "require('cdk-recoverable-secret'); Object.keys(require.cache).join(' ')"`,
      folderOf('typescript'),
    );
    expect(loaded).toContain(path.join('cdk-recoverable-secret', 'lib', 'recoverable-secret.js'));
    expect(loaded.split(' ').filter((file) => file.includes(path.join('assets', 'cli')))).toEqual([]);
  });

  test('lets nobody import what is not public', async () => {
    const resolve = (id: string) =>
      sh(`node -p "require.resolve('cdk-recoverable-secret${id}')"`, folderOf('typescript'));
    for (const id of ['', '/.jsii', '/package.json']) await resolve(id);
    for (const id of [
      '/lib/private/contract',
      '/lib/secret-recovery.js',
      '/assets/handler/main/index.js',
      '/assets/cli/main/index.js',
    ]) {
      await expect(resolve(id)).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
    }
  });
});

describe('the examples of the README and of the API reference', () => {
  const tablet: Tablet = readJson(path.join(ROOT, '.jsii.tabl.json'));
  const snippets = Object.values(tablet.snippets);

  test('are all translated', () => {
    const assembly: Assembly = readJson(path.join(ROOT, '.jsii'));
    const inReadme = [...assembly.readme.markdown.matchAll(/^ *```(ts|typescript)\b/gm)];
    const inReference = Object.values(assembly.types).filter(({ docs }) => docs?.example);
    expect(snippets.length).toBe(inReadme.length + inReference.length);
    for (const { didCompile, translations } of snippets) {
      expect(didCompile).toBe(true);
      expect(Object.keys(translations).sort()).toEqual(['$', 'csharp', 'go', 'java', 'python']);
    }
  });

  test.each([
    ['python', 'python3 -m zipfile -e dist/python/*.whl wheel && cat wheel/*/*.py'],
    ['java', 'python3 -m zipfile -e dist/java/io/*/*/*/0.0.0/*-sources.jar jar && cat $(find jar -name "*.java")'],
    ['go', 'cat dist/go/cdkrecoverablesecret/README.md dist/go/cdkrecoverablesecret/*.go'],
  ])('are in the package for %s', async (language, printSources) => {
    // Without what sets off comments, and what HTML writes in another way.
    const bare = (text: string) => text.replace(/&#?\w+;|\W/g, '');
    const sources = bare(await sh(printSources, copy));
    const translated = snippets.map(({ translations }) => translations[language].source);
    expect(translated.filter((source) => !sources.includes(bare(source)))).toEqual([]);
  });
});

interface Tablet {
  readonly snippets: Record<
    string,
    { readonly didCompile: boolean; readonly translations: Record<string, { readonly source: string }> }
  >;
}

interface Assembly {
  readonly readme: { readonly markdown: string };
  readonly types: Record<string, { readonly docs?: { readonly example?: string } }>;
}
