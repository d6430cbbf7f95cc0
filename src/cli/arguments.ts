import { Command } from 'commander';
import { Account, type Place } from './aws/account';
import { extendWindow, windowInDays } from './commands/extend';
import { type ListOptions, list } from './commands/list';
import { type PlanOptions, plan } from './commands/plan';
import { type PurgeOptions, purge } from './commands/purge';
import { restoreSecrets } from './commands/restore';
import { CommandError } from './errors';
import { EXIT_CODE, type ExitCode } from './exit-code';
import type { Terminal } from './output/terminal';
import type { Session } from './session';

/** Everything that can be typed. */
export function commandLine(terminal: Terminal, version: string, exit: (code: ExitCode) => void): Command {
  const program = new Command('cdk-recoverable-secret')
    .description('What happens to recoverable secrets, what is scheduled for deletion, and back with it.')
    .version(version)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows what can be given)')
    .addHelpText('after', HELP);
  const command = (usage: string, description: string) =>
    program
      .command(usage)
      .description(description)
      .option('--region <region>', 'where to look; default: AWS_REGION, AWS_DEFAULT_REGION, the profile')
      .option('--profile <profile>', 'whose credentials to use; default: AWS_PROFILE, the environment');
  const running = async (place: Place, work: (session: Session) => Promise<ExitCode>) =>
    exit(await work({ account: await Account.open(place), terminal }));

  command('plan [stack...]', 'Shows what the next deployment does to each recoverable secret')
    .option('--app <folder>', 'cloud assembly, as cdk synth writes it', 'cdk.out')
    .option('--destroy', 'what destroying the stacks does, in place of deploying them')
    .option('--json', 'prints an array of objects')
    .action((stacks: string[], options: Place & PlanOptions) =>
      running(options, (session) => plan(stacks, options, session)),
    );

  command('list', 'Shows the secrets that are scheduled for deletion, soonest first')
    .option('--all', 'live secrets as well')
    .option('--owner <owner>', 'only those of this owner')
    .option('--prefix <prefix>', 'only those whose names begin like this')
    .option('--json', 'prints an array of objects')
    .action((options: Place & ListOptions) => running(options, (session) => list(options, session)));

  command('restore <name...>', 'Takes secrets out of their deletion, with their values').action(
    (names: string[], options: Place) => running(options, (session) => restoreSecrets(names, session)),
  );

  command('extend <name>', 'Gives a scheduled secret a new recovery window; it is live for a moment in between')
    .option('--days <days>', 'length of the new window, 7 to 30 days', windowInDays, 30)
    .action((name: string, options: Place & { days: number }) =>
      running(options, (session) => extendWindow(name, options.days, session)),
    );

  command('purge [name...]', 'Deletes scheduled secrets for good')
    .option('--owner <owner>', 'all scheduled secrets of this owner, in place of names')
    .option('--yes', 'do not ask')
    .action((names: string[], options: Place & PurgeOptions) => {
      if (names.length > 0 === (options.owner !== undefined)) {
        throw new CommandError(`purge needs either names or --owner, got ${names.length > 0 ? 'both' : 'neither'}`);
      }
      return running(options, (session) => purge(names, options, session));
    });

  return program;
}

const HELP = `
NAME is a secret's name or ARN.

Exit codes: ${EXIT_CODE.done} done, or nothing to do; ${EXIT_CODE.error} an error; ${EXIT_CODE.refused} something is refused.
No command reads or prints the value of a secret. Permissions and examples:
https://github.com/cdk-recoverable-secret/cdk-recoverable-secret/blob/main/docs/command-line.md`;
