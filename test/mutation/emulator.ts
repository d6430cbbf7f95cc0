import { randomInt } from 'node:crypto';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type GetRandomPasswordCommandInput, SecretsManagerClient, type Tag } from '@aws-sdk/client-secrets-manager';
import { MINUTE, VirtualClock } from '../fake/clock';
import { Coin } from '../fake/coin';
import { NO_SURPRISES } from '../fake/facts';
import { FakeSecretsManager } from '../fake/fake-secrets-manager';

/** Longer than anything takes that the service does later; here, as in moto, it is done at once. */
const LATER = 2 * MINUTE;

const CURRENT = 'AWSCURRENT';

/** In place of moto: the fake, which needs neither a process nor HTTP. Only the reset comes as moto expects it. */
export async function startMoto() {
  let account = new Account();
  SecretsManagerClient.prototype.send = async function (this: SecretsManagerClient, command: Command) {
    return account.call(await this.config.region(), command);
  } as typeof SecretsManagerClient.prototype.send;
  const server = http.createServer((_, response) => {
    account = new Account();
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: the inputs of a dozen operations
type Command = { input: any };

class Account {
  private readonly clock = new VirtualClock();
  private readonly secrets = new FakeSecretsManager(this.clock, new Coin(1), NO_SURPRISES);

  constructor() {
    this.clock.now = Date.now();
  }

  async call(region: string, command: Command): Promise<object> {
    const { input } = command;
    const operation = command.constructor.name.replace('Command', '');
    if (operation === 'GetRandomPassword') return { RandomPassword: password(input) };
    const [label = input.VersionStage ?? CURRENT] = input.VersionStages ?? [];
    if (label !== CURRENT && operation === 'PutSecretValue') return this.begin(region, input);
    if (label !== CURRENT && operation === 'GetSecretValue') return this.labelled(region, input.SecretId, label);
    // As moto does, also of a secret that is scheduled.
    const asked = this.secrets.named(region, input.SecretId);
    if (asked && operation === 'GetResourcePolicy') return { ResourcePolicy: asked.policy };
    const isReserved = ({ Key }: Tag) => Key?.startsWith('aws:');
    const Tags = input.Tags?.filter((tag: Tag) => !isReserved(tag));
    const output = await this.secrets
      .client(region)
      .send({ constructor: command.constructor, input: { ...input, Tags } } as never);
    // Tests do what nobody can, and the fake refuses: they give secrets the tags of AWS.
    const record = this.secrets.named(region, input.Name);
    for (const { Key, Value } of input.Tags?.filter(isReserved) ?? []) {
      if (!record) continue;
      if (Key === 'aws:secretsmanager:owningService') record.owningService = Value;
      record.tags[Key] = Value;
    }
    await this.clock.pass(LATER);
    return output;
  }

  /** A rotation, the only one that gives a value another label than that of the current one. */
  private begin(region: string, { SecretId, SecretString }: { SecretId: string; SecretString: string }): object {
    this.secrets.beginRotation(region, SecretId, SecretString);
    return {};
  }

  private labelled(region: string, id: string, label: string): object {
    const versions = [...(this.secrets.named(region, id)?.versions.values() ?? [])];
    return { SecretString: versions.find(({ stages }) => stages.has(label))?.value };
  }
}

function password(options: GetRandomPasswordCommandInput): string {
  const characters = [
    options.ExcludeLowercase ? '' : 'abcdefghijklmnopqrstuvwxyz',
    options.ExcludeUppercase ? '' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    options.ExcludeNumbers ? '' : '0123456789',
    options.ExcludePunctuation ? '' : '!"#$%&()*+,-./',
  ].join('');
  const allowed = [...characters].filter((each) => !options.ExcludeCharacters?.includes(each));
  return Array.from({ length: options.PasswordLength ?? 32 }, () => allowed[randomInt(allowed.length)]).join('');
}
