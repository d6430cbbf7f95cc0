import type { Account } from '../../src/cli/aws/account';
import type { DeployedStack } from '../../src/cli/aws/stacks';
import { Foresight } from '../../src/cli/plan/foresight';
import { foretellDeployment, foretellTeardown } from '../../src/cli/plan/foretell';
import type { Foretold } from '../../src/cli/plan/planned';
import { environmentOf } from '../../src/cli/plan/scope';
import { nextDeployment, teardown, type Upcoming } from '../../src/cli/plan/upcoming';
import type { SynthesizedStack } from '../../src/cli/template/assembly';
import type { Template } from '../../src/cli/template/template';
import { type Template as Declarations, propertiesOf, type SecretDeclaration } from '../fake/app';
import { VirtualClock } from '../fake/clock';
import { CloudFormationModel, type Failure, type Witness } from '../fake/cloudformation-model';
import { Coin } from '../fake/coin';
import { NO_SURPRISES } from '../fake/facts';
import { FakeSecretsManager } from '../fake/fake-secrets-manager';
import { Faults } from '../fake/faults';
import { LambdaFunction } from '../fake/lambda-function';

export const REGION = 'eu-west-1';

/** A resource, and what a plan says about it. */
export interface Told {
  readonly next: Upcoming;
  readonly foretold: Foretold;
}

/** The models of AWS with the function in between, and what a plan says about them. */
export class ModelledCloud {
  readonly clock = new VirtualClock();
  readonly secrets: FakeSecretsManager;
  readonly stacks: CloudFormationModel;

  constructor(seed: number, witness: Witness) {
    const coin = new Coin(seed);
    this.secrets = new FakeSecretsManager(this.clock, coin, NO_SURPRISES);
    const lambda: () => LambdaFunction = () => new LambdaFunction(this.clock, coin, this.secrets, this.stacks);
    this.stacks = new CloudFormationModel(
      this.clock,
      coin,
      NO_SURPRISES,
      false,
      lambda,
      witness,
      this.secrets,
      new Faults(),
    );
  }

  deploy(name: string, declared: Declarations, failure?: Failure): Promise<unknown> {
    return this.clock.run(this.stacks.deploy(name, REGION, declared, failure).then(() => this.stacks.settle()));
  }

  destroy(name: string): Promise<unknown> {
    return this.clock.run(this.stacks.destroy(name).then(() => this.stacks.settle()));
  }

  /** @param declared By the app; undefined for a teardown */
  async foretell(name: string, declared: Declarations | undefined): Promise<Told[]> {
    const synthesized: SynthesizedStack = {
      name,
      displayName: name,
      template: templateOf(declared ?? []),
      parameters: {},
      nested: () => undefined,
      pathOf: () => undefined,
    };
    const deployed = deployedIn(this.stacks, name);
    const account = administrator(this.secrets, this.stacks);
    const environment = environmentOf('111122223333', REGION, async () => new Map());
    const destroys = declared === undefined && deployed !== undefined;
    const { upcoming, fates } = destroys
      ? await teardown(synthesized, deployed, account, environment)
      : await nextDeployment(synthesized, deployed, account, environment);
    const foresight = new Foresight(account);
    for (const { stackId, logicalId, fate } of fates) foresight.setFate(stackId, logicalId, fate);
    const foretold = await (destroys ? foretellTeardown : foretellDeployment)(upcoming, foresight);
    return upcoming.map((next, i) => ({ next, foretold: foretold[i] }));
  }
}

function deployedIn(stacks: CloudFormationModel, name: string): DeployedStack | undefined {
  const stack = stacks.stack(name);
  if (!stack || stack.status === 'ROLLBACK_COMPLETE') return undefined;
  const { id, status, resources } = stack;
  return {
    id,
    status,
    isProtected: false,
    template: templateOf([...resources.values()].map(({ declaration }) => declaration)),
    parameters: {},
    resources: new Map(
      [...resources].map(([logicalId, { physicalId }]) => [
        logicalId,
        { type: 'Custom::RecoverableSecret', physicalId },
      ]),
    ),
  };
}

function administrator(secrets: FakeSecretsManager, model: CloudFormationModel): Account {
  const stacks = {
    send: async (command: { input: { StackName?: string; LogicalResourceId?: string } }) => {
      const { StackName: stack = '', LogicalResourceId: logicalId } = command.input;
      return model.answer(command.constructor.name.replace(/Command$/, ''), stack, logicalId);
    },
  };
  const keys = {
    send: async ({ input }: { input: { KeyId?: string } }) => ({
      KeyMetadata: { KeyState: secrets.keyStates.get(input.KeyId ?? '') ?? 'Enabled' },
    }),
  };
  const at = (region: string) => ({ region, secrets: secrets.client(region), stacks, keys, in: at });
  return at(REGION) as unknown as Account;
}

function templateOf(secrets: readonly SecretDeclaration[]): Template {
  return {
    Resources: Object.fromEntries(
      secrets.map((secret) => [
        secret.logicalId,
        {
          Type: 'Custom::RecoverableSecret',
          Properties: propertiesOf(secret),
          ...(secret.retain && { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' }),
        },
      ]),
    ),
  };
}
