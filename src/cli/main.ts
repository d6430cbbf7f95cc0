import * as fs from 'node:fs';
import * as path from 'node:path';
import { commandLine } from './arguments';
import { CommandError } from './errors';
import { EXIT_CODE } from './exit-code';
import { terminalOf } from './output/terminal';

// The SDK tells how long it will support this version of Node, which is no business of these commands.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const terminal = terminalOf(process);

// Whoever reads the output may have seen enough, as head does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_CODE.done);
});

commandLine(terminal, version(), (code) => {
  process.exitCode = code;
})
  .parseAsync()
  .catch((error: unknown) => {
    process.exitCode = error instanceof CommandError ? error.exitCode : EXIT_CODE.error;
    terminal.note(terminal.colors.red(error instanceof Error ? error.message : 'failed for an unknown reason'));
  });

/** Of the npm package, whose bundle this is. */
function version(): string {
  const file = path.join(__dirname, '..', '..', '..', 'package.json');
  return JSON.parse(fs.readFileSync(file, 'utf8')).version;
}
