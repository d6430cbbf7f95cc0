import { spawnSync } from 'node:child_process';

interface Tool {
  readonly name: string;
  readonly command: string[];
  /** Where the version is in what the command prints. */
  readonly version: RegExp;
  readonly minimum: string;
  readonly neededFor: string;
}

const TOOLS: Tool[] = [
  {
    name: 'Python with venv (on Debian and Ubuntu: python3-venv)',
    command: ['python3', '-c', 'import ensurepip, platform, venv; print("Python", platform.python_version())'],
    version: /Python ([\d.]+)/,
    minimum: '3.10',
    neededFor: 'the Python package',
  },
  {
    name: 'JDK',
    command: ['javac', '-version'],
    version: /javac ([\d.]+)/,
    minimum: '17',
    neededFor: 'the Java package',
  },
  {
    name: 'Maven',
    command: ['mvn', '-version'],
    version: /Maven ([\d.]+)/,
    minimum: '3.6',
    neededFor: 'the Java package',
  },
  {
    name: 'Go',
    command: ['go', 'version'],
    version: /go([\d.]+)/,
    minimum: '1.25',
    neededFor: 'the Go module',
  },
];

function problemWith({ name, command: [program, ...args], version, minimum, neededFor }: Tool): string | undefined {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  const found = status === 0 ? version.exec(stdout + stderr)?.[1] : undefined;
  if (found && found.localeCompare(minimum, 'en', { numeric: true }) >= 0) return undefined;
  return `  ${name}, ${minimum} or newer, for ${neededFor}: ${found ? `found ${found}` : `no working '${program}'`}`;
}

const problems = TOOLS.map(problemWith).filter((problem) => problem !== undefined);
if (problems.length > 0) {
  console.error(
    ['The packages for all languages cannot be built on this machine. Needed are:', ...problems].join('\n'),
  );
  process.exitCode = 1;
} else {
  console.log(
    [
      'Compiles the library and every example of the docs, then packs npm, Python, Java and Go side by side into dist/.',
      'Takes about two minutes; the first time longer, for what pip, Maven and Go download without a word.',
    ].join('\n'),
  );
}
