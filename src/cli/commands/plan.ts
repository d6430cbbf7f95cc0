import type { Account } from '../aws/account';
import { deployedStack, exportsOf } from '../aws/stacks';
import { CommandError } from '../errors';
import { EXIT_CODE, type ExitCode } from '../exit-code';
import { planJson, planText } from '../output/plan';
import { Foresight } from '../plan/foresight';
import { foretellAll, refuseAll } from '../plan/foretell';
import type { Planned } from '../plan/planned';
import { type Environment, environmentOf } from '../plan/scope';
import { nextDeployment, type ResourceFate, teardown, type Upcoming } from '../plan/upcoming';
import { forAll, type Session } from '../session';
import { readAssembly, type SynthesizedStack } from '../template/assembly';
import { isOpen } from '../template/open';

export interface PlanOptions {
  /** Folder of the cloud assembly. */
  readonly app: string;
  /** Foretell a teardown in place of a deployment. */
  readonly destroy?: boolean;
  readonly json?: boolean;
}

/** Shows what the next deployment of stacks does to each recoverable secret. */
export async function plan(stacks: readonly string[], options: PlanOptions, session: Session): Promise<ExitCode> {
  const { terminal } = session;
  const planned: Planned[] = [];
  const places = new Map<string, Place>();
  for (const stack of inOrder(readAssembly(options.app, stacks), options)) {
    const place = await placeOf(stack, session.account, places);
    planned.push(...(await planStack(stack, options, place, session)));
  }
  terminal.print(options.json ? planJson(planned) : planText(planned, terminal));
  return planned.some(({ action }) => action === 'REFUSE') ? EXIT_CODE.refused : EXIT_CODE.done;
}

/** Whoever depends on a stack is deployed after it, and destroyed before it. */
function inOrder(stacks: readonly SynthesizedStack[], { destroy }: PlanOptions): readonly SynthesizedStack[] {
  return destroy ? [...stacks].reverse() : stacks;
}

/** What the stacks of an account and region share. */
interface Place {
  readonly account: Account;
  readonly environment: Environment;
  readonly foresight: Foresight;
}

async function placeOf(stack: SynthesizedStack, account: Account, places: Map<string, Place>): Promise<Place> {
  const id = await account.id();
  if (stack.account !== undefined && stack.account !== id) {
    throw new CommandError(
      `${stack.displayName} is for account ${stack.account}, and these credentials are of ${id}: use --profile`,
    );
  }
  const there = account.in(stack.region ?? account.region);
  const known = places.get(there.region);
  if (known) return known;
  let exports: Promise<ReadonlyMap<string, string>> | undefined;
  const environment = environmentOf(id, there.region, () => {
    exports ??= exportsOf(there);
    return exports;
  });
  const place = { account: there, environment, foresight: new Foresight(there) };
  places.set(there.region, place);
  return place;
}

async function planStack(
  stack: SynthesizedStack,
  { destroy }: PlanOptions,
  { account, environment, foresight }: Place,
  session: Session,
): Promise<Planned[]> {
  const { terminal } = session;
  terminal.progress(`${stack.displayName}...`);
  const deployed = await deployedStack(stack.name, account);
  if (deployed?.status.endsWith('_IN_PROGRESS')) {
    terminal.note(`${stack.displayName} is ${deployed.status}: this plan does not know how that ends`);
  }
  if (destroy && !deployed) {
    terminal.note(`${stack.displayName} is not deployed in ${account.region}`);
    return [];
  }
  const what =
    destroy && deployed
      ? teardown(stack, deployed, account, environment)
      : nextDeployment(stack, deployed, account, environment);
  const { upcoming, unread, fates } = await what;
  for (const nested of unread) {
    terminal.note(`${nested}: its template is not in the assembly, so what it does to secrets is not shown`);
  }
  const foretold =
    destroy && deployed?.isProtected
      ? refuseAll(upcoming, `Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`)
      : await foretellAll(upcoming, await prepared(foresight, fates, upcoming, session));
  return upcoming.map(({ path, logicalId }, i) => ({
    stack: stack.name,
    region: account.region,
    path,
    logicalId,
    ...foretold[i],
  }));
}

/** Looks at all secrets at once; what comes of it is told later, secret by secret. */
async function prepared(
  foresight: Foresight,
  fates: readonly ResourceFate[],
  upcoming: readonly Upcoming[],
  session: Session,
): Promise<Foresight> {
  for (const { stackId, logicalId, fate } of fates) foresight.setFate(stackId, logicalId, fate);
  const names = upcoming.flatMap(({ properties, before }) => [properties.Name, before.Name]);
  const ids = [...names, ...upcoming.map(({ physicalId }) => physicalId)].filter(
    (id) => id !== undefined && !isOpen(id),
  );
  await forAll([...new Set(ids.map(String))], session, (id) => foresight.secret(id).catch(() => undefined));
  return foresight;
}
