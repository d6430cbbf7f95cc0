import { UpdateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { OWNERSHIP_TAG } from '../src/private/contract';
import { NAME, properties, stackId } from '../test/handler/requests';
import { startMoto } from '../test/support/emulator';
import { Secrets } from '../test/support/secrets';
import { AWS_CUSTOM_RESOURCE, RECOVERABLE_SECRET } from './bundles';
import { number, times } from './figures';
import { type Code, LambdaProcess } from './function';
import { ask } from './requests';
import type { Section } from './section';
import { Wire } from './wire';

interface Event {
  readonly name: string;
  readonly type: 'Create' | 'Update' | 'Delete';
  /** What the secret is when the event comes. */
  readonly found: 'nothing' | 'live' | 'scheduled';
  readonly description?: string;
  readonly descriptionBefore?: string;
  /** The stack is not the one that the secret was made by, but that one deployed again. */
  readonly again?: boolean;
  readonly goal: number;
  /** The fewest commands of the AWS CLI to the same end. */
  readonly byHand: readonly string[];
}

/** The events of a secret's life, for the picture and the page. */
const PLOTTED = ['create', 'restore', 'delete'];

const EVENTS: readonly Event[] = [
  {
    name: 'create',
    type: 'Create',
    found: 'nothing',
    goal: 3,
    byHand: ['get-random-password', 'create-secret'],
  },
  {
    name: 'restore',
    type: 'Create',
    found: 'scheduled',
    again: true,
    goal: 3,
    byHand: ['describe-secret', 'restore-secret', 'tag-resource'],
  },
  {
    name: 'restore, and the description differs',
    type: 'Create',
    found: 'scheduled',
    again: true,
    description: 'after',
    goal: 4,
    byHand: ['describe-secret', 'restore-secret', 'tag-resource', 'update-secret'],
  },
  {
    name: 'adopt',
    type: 'Create',
    found: 'live',
    again: true,
    goal: 2,
    byHand: ['describe-secret', 'tag-resource'],
  },
  {
    name: 'update of one field',
    type: 'Update',
    found: 'live',
    description: 'after',
    descriptionBefore: 'before',
    goal: 2,
    byHand: ['update-secret'],
  },
  { name: 'update of nothing', type: 'Update', found: 'live', goal: 1, byHand: ['describe-secret'] },
  { name: 'delete', type: 'Delete', found: 'live', goal: 2, byHand: ['describe-secret', 'delete-secret'] },
];

/** Calls of every event of a secret's life, counted where they leave the function. */
export async function roundTrips(): Promise<Section> {
  const moto = await startMoto();
  try {
    const counts = [];
    for (const event of EVENTS) {
      const ours = await operations(event, RECOVERABLE_SECRET, moto.endpoint, false);
      const late = await operations(event, RECOVERABLE_SECRET, moto.endpoint, true);
      const custom = await operations(event, AWS_CUSTOM_RESOURCE, moto.endpoint, false);
      counts.push({ event, ours, late, custom });
    }
    return {
      title: 'Calls to AWS',
      about:
        "Requests that leave the function for one event, counted by a proxy between it and moto's server. *By hand* " +
        'is the fewest commands of the AWS CLI to the same end, in a script that knows beforehand what it will find. ' +
        '`AwsCustomResource` makes one call for each event, and that one can neither generate a value nor restore or ' +
        'adopt a secret.',
      columns: [
        'event',
        'goal',
        'calls',
        'by hand',
        'ratio',
        '`AwsCustomResource`',
        'when the request is older than 2 s',
      ],
      rows: counts.map(({ event, ours, late, custom }) => [
        event.name,
        number(event.goal),
        `**${ours.length}** ${short(ours)}`,
        number(event.byHand.length),
        times(ours.length, event.byHand.length),
        `${custom.length}${event.found !== 'nothing' && event.type === 'Create' ? ', and fails' : ''}`,
        `+${late.length - ours.length}`,
      ]),
      findings: [
        `${counts
          .filter(({ event }) => PLOTTED.includes(event.name))
          .map(({ event, ours }) => `${event.name} ${ours.length}`)
          .join(', ')}.`,
        'A request that was under way for 2 seconds or longer may have been withdrawn: then CloudFormation is asked ' +
          'once more, and for a Create twice.',
      ],
      notes: [
        'Of a live secret, CloudFormation is asked whether the resource that its tags name still has it.',
        'CloudFormation does not send an update of nothing. It is what an update comes to whose change the secret has already.',
        "CloudFormation's own handler of `AWS::SecretsManager::Secret` runs inside AWS, where its calls cannot be counted.",
      ],
      comparisons: counts
        .filter(({ event }) => PLOTTED.includes(event.name))
        .map(({ event, ours }) => ({
          what: `calls to AWS, ${event.name}`,
          than: 'commands by hand',
          ours: ours.length,
          instead: event.byHand.length,
          show: (calls) => number(calls),
        })),
    };
  } finally {
    await moto.stop();
  }
}

async function operations(event: Event, code: Code, moto: string, old: boolean): Promise<string[]> {
  await fetch(`${moto}/moto-api/reset`, { method: 'POST' });
  const secrets = new Secrets(moto);
  if (event.found !== 'nothing') {
    await secrets.create(NAME, 'a value', {
      [OWNERSHIP_TAG.owner]: 'bench',
      [OWNERSHIP_TAG.stackId]: stackId('bench'),
      [OWNERSHIP_TAG.logicalId]: 'Secret',
      [OWNERSHIP_TAG.origin]: 'CREATED request-0 2026-01-01T00:00:00.000Z',
      [OWNERSHIP_TAG.recoveryWindow]: `${properties().RecoveryWindowInDays}`,
    });
  }
  const { ARN: arn } = (await secrets.describe(NAME)) ?? {};
  if (event.descriptionBefore) {
    await secrets.client.send(new UpdateSecretCommand({ SecretId: arn, Description: event.descriptionBefore }));
  }
  if (event.found === 'scheduled') await secrets.schedule(NAME, 7);

  const life = event.again ? 2 : 1;
  let succeeded = false;
  const wire = await Wire.start(({ operation, path, body }) => {
    if (operation === 'DescribeStackResource') {
      const asked = new URLSearchParams(body).get('StackName');
      return asked === stackId('bench', life)
        ? { status: 200, body: inProgress(event.type) }
        : { status: 400, body: NO_SUCH_STACK };
    }
    if (!path.startsWith('/answer')) return undefined;
    succeeded = JSON.parse(body).Status === 'SUCCESS';
    return { status: 200, body: '' };
  }, moto);
  try {
    const declared = (description?: string) =>
      code === AWS_CUSTOM_RESOURCE ? oneCall(description) : properties({ Description: description });
    const request = ask(wire.endpoint, event.type, {
      old,
      life,
      PhysicalResourceId: event.type === 'Create' ? undefined : arn,
      ResourceProperties: declared(event.description),
      OldResourceProperties: event.type === 'Update' ? declared(event.descriptionBefore) : undefined,
    });
    const lambda = await LambdaProcess.start(code, request, wire.endpoint);
    await lambda.stop();
    // Where the other one fails, that is part of the comparison.
    if (!succeeded && code === RECOVERABLE_SECRET) throw new Error(`${event.name} failed`);
    return wire.take();
  } finally {
    await wire.stop();
  }
}

const NO_SUCH_STACK =
  '<ErrorResponse><Error><Code>ValidationError</Code><Message>Stack does not exist</Message></Error></ErrorResponse>';

/** What somebody declares who has nothing but `AwsCustomResource`: a call for each event. */
export function oneCall(description?: string): Record<string, unknown> {
  const call = (action: string, parameters: object) =>
    JSON.stringify({
      service: '@aws-sdk/client-secrets-manager',
      action,
      parameters,
      physicalResourceId: { id: NAME },
    });
  return {
    Create: call('CreateSecretCommand', { Name: NAME, SecretString: 'a value', Description: description }),
    Update: call('UpdateSecretCommand', { SecretId: NAME, Description: description }),
    Delete: call('DeleteSecretCommand', { SecretId: NAME, RecoveryWindowInDays: 30 }),
    InstallLatestAwsSdk: 'false',
  };
}

function short(calls: readonly string[]): string {
  return `(${calls.map((call) => call.replace(/Secret(Value)?$/, '').replace('TagResource', 'Tag')).join(', ')})`;
}

function inProgress(type: Event['type']): string {
  const status = `<ResourceStatus>${type.toUpperCase()}_IN_PROGRESS</ResourceStatus>`;
  const detail = `<StackResourceDetail>${status}</StackResourceDetail>`;
  const result = `<DescribeStackResourceResult>${detail}</DescribeStackResourceResult>`;
  return `<DescribeStackResourceResponse>${result}</DescribeStackResourceResponse>`;
}
