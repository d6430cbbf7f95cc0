import * as fs from 'node:fs';
import * as path from 'node:path';
import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, type NagPack } from 'cdk-nag';

/** What packs of cdk-nag have against an app when it is synthesized, as `rule: path of the construct`. */
export function cdkNagFindings(app: App, packs: NagPack[] = [new AwsSolutionsChecks(app)]): string[] {
  Validations.of(app).addPlugins(...packs);
  const { exitCode } = process;
  // The report is also printed.
  const print = jest.spyOn(console, 'error').mockImplementation();
  try {
    app.synth();
  } catch (error) {
    // Newer versions of aws-cdk-lib throw when there are findings, older ones set the exit code.
    if (!String(error).includes('alidation')) throw error;
  } finally {
    print.mockRestore();
    process.exitCode = exitCode;
  }
  const report = JSON.parse(fs.readFileSync(path.join(app.outdir, 'validation-report.json'), 'utf8'));
  return report.pluginReports.flatMap(({ violations }: { violations: Violation[] }) =>
    violations.flatMap(({ ruleName, violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${ruleName}: ${constructPath}`),
    ),
  );
}

interface Violation {
  readonly ruleName: string;
  readonly violatingConstructs: { readonly constructPath: string }[];
}
