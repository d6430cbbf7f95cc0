import type { Account } from '../aws/account';
import { deployedStack, exportsOf } from '../aws/stacks';
import { CommandError } from '../errors';
import { EXIT_CODE, type ExitCode } from '../exit-code';
import { planJson, planText } from '../output/plan';
import { Foresight } from '../plan/foresight';
import { foretellDeployment, foretellTeardown, refuseAll } from '../plan/foretell';
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
  const reachable = await ofThisAccount(readAssembly(options.app, stacks), stacks.length > 0, session);
  for (const stack of inOrder(reachable, options)) {
    const place = await placeOf(stack, session.account, places);
    planned.push(...(await planStack(stack, options, place, session)));
  }
  terminal.print(options.json ? planJson(planned) : planText(planned, terminal));
  return planned.some(({ action }) => action === 'REFUSE') ? EXIT_CODE.refused : EXIT_CODE.done;
}

/** An app can have stacks in many accounts, and credentials are of one. */
async function ofThisAccount(
  stacks: readonly SynthesizedStack[],
  chosen: boolean,
  { account, terminal }: Session,
): Promise<readonly SynthesizedStack[]> {
  const id = await account.id();
  const elsewhere = stacks.filter((stack) => stack.account !== undefined && stack.account !== id);
  const told = elsewhere.map(
    (stack) =>
      `${stack.displayName} is for account ${stack.account}, and these credentials are of ${id}: use --profile`,
  );
  if (told.length > 0 && (chosen || elsewhere.length === stacks.length)) throw new CommandError(told.join('\n'));
  for (const line of told) terminal.note(line);
  return stacks.filter((stack) => !elsewhere.includes(stack));
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
  const there = account.in(stack.region ?? account.region);
  const known = places.get(there.region);
  if (known) return known;
  let exports: Promise<ReadonlyMap<string, string>> | undefined;
  const environment = environmentOf(await account.id(), there.region, () => {
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
  const hindrance = deployed && hindranceOf(deployed.status, destroy);
  if (hindrance) terminal.note(`${stack.displayName} is ${deployed.status}: ${hindrance}`);
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
  const foretell = destroy ? foretellTeardown : foretellDeployment;
  const foretold =
    destroy && deployed?.isProtected
      ? refuseAll(upcoming, `Stack [${stack.name}] cannot be deleted while TerminationProtection is enabled`)
      : await foretell(upcoming, await prepared(foresight, fates, upcoming, session));
  return upcoming.map(({ path, logicalId }, i) => ({
    stack: stack.name,
    region: account.region,
    path,
    logicalId,
    ...foretold[i],
  }));
}

/** What stands against deploying or destroying a stack in this state. */
export function hindranceOf(status: string, destroy = false): string | undefined {
  if (status.endsWith('_IN_PROGRESS')) return 'this plan does not know how that ends';
  if (destroy) return undefined;
  if (status === 'UPDATE_ROLLBACK_FAILED') return 'it can be deployed when its rollback has been completed';
  return status === 'DELETE_FAILED' ? 'it can only be deleted' : undefined;
}

/** Looks at all secrets at once; what comes of it is told later, secret by secret. */
async function prepared(
  foresight: Foresight,
  fates: readonly ResourceFate[],
  upcoming: readonly Upcoming[],
  session: Session,
): Promise<Foresight> {
  for (const { stackId, logicalId, fate } of fates) foresight.setFate(stackId, logicalId, fate);
  const arns = upcoming.map(({ physicalId }) => physicalId);
  const names = upcoming.flatMap(({ properties, before }) => [properties.Name, before.Name]);
  // Whoever was found by ARN is known by name as well.
  for (const ids of [arns, names]) {
    const known = new Set(ids.filter((id) => id !== undefined && !isOpen(id)).map(String));
    await forAll([...known], session, (id) => foresight.secret(id).catch(() => undefined));
  }
  return foresight;
}
