import * as fs from 'node:fs';
import * as path from 'node:path';
import { CREDENTIALS, REGION } from '../test/support/cdk-cli';
import { startMoto } from '../test/support/emulator';
import { lastLines, run } from '../test/support/run';
import { number } from './figures';
import type { Section } from './section';
import { Wire } from './wire';

const NAME = 'bench/terraform';

/** The same life with the peer that also schedules: apply, destroy, apply. */
export async function terraform(directory: string): Promise<Section> {
  const about =
    '`aws_secretsmanager_secret` with a value and a recovery window, applied, destroyed and applied again through the ' +
    'same proxy and emulator as above. It schedules a secret like this library, and does not restore it.';
  const columns = ['step', 'outcome', 'seconds', 'calls to Secrets Manager'];
  const moto = await startMoto();
  const wire = await Wire.start(() => undefined, moto.endpoint);
  try {
    fs.writeFileSync(path.join(directory, 'main.tf.json'), JSON.stringify(configuration(wire.endpoint)));
    const call = (...args: string[]) =>
      run('terraform', [...args, '-no-color', '-input=false'], {
        cwd: directory,
        env: { ...process.env, CHECKPOINT_DISABLE: '1' },
      });
    const init = await call('init').catch(() => undefined);
    if (init?.code !== 0) {
      const why = init ? 'its AWS provider cannot be had' : 'there is no `terraform`';
      return { title: 'Terraform', about, columns, rows: [['all', `skipped: ${why}`, '', '']], ratios: [] };
    }
    const rows = [];
    for (const [step, ...args] of [
      ['apply', 'apply', '-auto-approve'],
      ['destroy', 'destroy', '-auto-approve'],
      ['apply again', 'apply', '-auto-approve'],
    ]) {
      const began = performance.now();
      wire.take();
      const { code, output } = await call(...args);
      const seconds = (performance.now() - began) / 1_000;
      const outcome = code === 0 ? 'done' : `fails: ${/Error: .*/.exec(output)?.[0] ?? lastLines(output, 1)}`;
      rows.push([step, outcome, number(seconds, 1), number(wire.take().length)]);
    }
    return { title: 'Terraform', about, columns, rows, ratios: [] };
  } finally {
    await wire.stop();
    await moto.stop();
  }
}

function configuration(endpoint: string) {
  return {
    terraform: { required_providers: { aws: { source: 'hashicorp/aws' } } },
    provider: {
      aws: {
        region: REGION,
        access_key: CREDENTIALS.accessKeyId,
        secret_key: CREDENTIALS.secretAccessKey,
        skip_credentials_validation: true,
        skip_metadata_api_check: true,
        skip_requesting_account_id: true,
        endpoints: [{ secretsmanager: endpoint }],
      },
    },
    resource: {
      aws_secretsmanager_secret: { secret: { name: NAME, recovery_window_in_days: 7 } },
      aws_secretsmanager_secret_version: {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference, in Terraform's own syntax
        value: { secret_id: '${aws_secretsmanager_secret.secret.id}', secret_string: 'a value' },
      },
    },
  };
}
