import * as fs from 'node:fs';
import * as path from 'node:path';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { CREDENTIALS, REGION } from '../support/cdk-cli';
import type { Credentials } from './shell';

const PAGE = path.join(__dirname, '..', '..', 'docs', 'command-line.md');

/** People of the account, each with the permissions of one policy. */
export class Users {
  private readonly client: IAMClient;
  private count = 0;

  constructor(endpoint: string) {
    this.client = new IAMClient({ endpoint, region: REGION, credentials: CREDENTIALS });
  }

  /** Somebody with exactly what the documentation says that a command needs. */
  withPolicyOf(command: string): Promise<Credentials> {
    return this.with(documentedPolicy(command));
  }

  /** @param policy As JSON; nobody who has none may do anything */
  async with(policy?: string): Promise<Credentials> {
    this.count += 1;
    const UserName = `user${this.count}`;
    await this.client.send(new CreateUserCommand({ UserName }));
    if (policy) {
      await this.client.send(new PutUserPolicyCommand({ UserName, PolicyName: 'Documented', PolicyDocument: policy }));
    }
    const { AccessKey: key } = await this.client.send(new CreateAccessKeyCommand({ UserName }));
    return { accessKeyId: key?.AccessKeyId ?? '', secretAccessKey: key?.SecretAccessKey ?? '' };
  }
}

/** The policy under the heading of a command. */
export function documentedPolicy(command: string): string {
  const section = fs
    .readFileSync(PAGE, 'utf8')
    .split(/^## /m)
    .find((text) => text.startsWith(`\`${command}\``));
  const policy = /```json\n([\s\S]*?)```/.exec(section ?? '')?.[1];
  if (!policy) throw new Error(`docs/command-line.md has no policy for ${command}`);
  return policy;
}
