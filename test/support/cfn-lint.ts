import { pythonEnvironment } from './python-environment';
import { run } from './run';

/** What cfn-lint finds in templates; nothing at best. */
export async function cfnLint(...args: readonly string[]): ReturnType<typeof run> {
  // Its command is of no use: it begins with the path where the environment was made.
  const program = 'from cfnlint.runner import main; main()';
  return run(await pythonEnvironment('cfn-lint'), ['-c', program, ...args]);
}
