import type { CloudFormationRequest } from '../../src/handler/cloudformation/request';
import { readOwnership } from '../../src/handler/model/ownership';
import { failedCreateOf } from '../../src/handler/run/attempt';
import { policyOf, propertiesOf, type SecretDeclaration, stackArn, type Template } from './app';
import { SECOND, type VirtualClock } from './clock';
import type { Coin } from './coin';
import type { Facts } from './facts';
import type { FakeSecretsManager } from './fake-secrets-manager';
import type { Faults } from './faults';
import type { LambdaFunction, Site, StackDescriptions } from './lambda-function';
import { type Policy, Role } from './permissions';
import { accessDenied, ServiceError } from './service-error';
import { type PolicyHolder, TemplatePolicies } from './template-policies';

/** How long CloudFormation waits for an answer, as the construct sets it. */
export const SERVICE_TIMEOUT = 2100 * SECOND;
/** How long the presigned URL of an answer is valid. */
const ANSWER_SECONDS = 7200;
/** How often somebody tries again to delete a stack, or to continue a rollback, that failed. */
const PATIENCE = 6;

export interface Resource extends PolicyHolder {
  readonly logicalId: string;
  declaration: SecretDeclaration;
  physicalId: string;
  status: string;
  /** When the status was entered. */
  since: number;
}

/** States in which nothing of a deployment is left to do. */
const AT_REST = ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE'];

export interface Stack {
  readonly name: string;
  readonly id: string;
  readonly region: string;
  status: string;
  /** When the last deployment began; a rollback, and attempts after one that was not rolled back, belong to it. */
  updated: number;
  /** What a rollback leads back to, while a deployment has failed and was not rolled back. */
  unfinished?: Unfinished;
  /** Every state that the stack has entered. */
  readonly events: { readonly status: string; readonly at: number }[];
  /** What was deleted of it. */
  readonly deletions: { readonly logicalId: string; readonly physicalId: string; readonly at: number }[];
  /** When somebody deleted it. */
  deleted?: number;
  readonly resources: Map<string, Resource>;
  /** What DescribeStackResource shows: also resources that are gone. */
  readonly everyResource: Map<string, Resource>;
  readonly site: Site;
}

/** What the attempts of a deployment have changed since the stack was stable. */
interface Unfinished {
  /** Before the first one; undefined for a stack that never was stable. */
  readonly stable?: { readonly template: Template; readonly physicalIds: ReadonlyMap<string, string> };
  readonly policies: readonly { resource: Resource; arn?: string; before: SecretDeclaration }[];
  readonly created: Resource[];
  readonly touched: { resource: Resource; before: SecretDeclaration; physicalId: string }[];
}

/** Where a deployment fails although every secret of it could succeed. */
export interface Failure {
  /** How many secrets are dealt with before some other resource fails. */
  readonly after: number;
  /** The next secret is under way when that happens; CloudFormation does not wait for it. Milliseconds under way. */
  readonly cancels?: number;
  /** Nothing is rolled back; the stack is deleted. Not where an update failed with a secret, or replaced one. */
  readonly deletes?: true;
  /** Nothing is rolled back; the stack waits for another deployment, a rollback or its deletion. With the same limits. */
  readonly stays?: true;
}

/** What happens to the events of one step on their way to the function. */
export interface Duplicate {
  readonly request: number;
  /** Once more when it has been answered, at the same time, or in a later step. */
  readonly when: 'again' | 'overlapping' | 'later';
  /** How long after the first delivery an overlapping one comes; milliseconds. By chance where nothing is said. */
  readonly after?: number;
}

/** A request as it was sent, and what came of it. */
export interface Sent {
  readonly request: CloudFormationRequest;
  readonly site: Site;
  readonly stack: Stack;
  readonly declaration: SecretDeclaration;
  readonly oldDeclaration?: SecretDeclaration;
  /** State of the stack when the request was sent. */
  readonly stackStatus: string;
  /** Whether the last deployment of the stack was completed or undone. A deletion of the stack is no deployment. */
  readonly atRest: boolean;
  readonly sentAt: number;
  answer?: Answered;
  /** When CloudFormation stopped waiting. */
  endedAt?: number;
  /** CloudFormation stopped waiting, because another resource had failed. */
  withdrawn?: boolean;
  /** Delivered twice at the same time. */
  overlaps?: boolean;
}

export interface Answered {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly physicalId: string;
  readonly reason: string;
  readonly outcome?: string;
}

/** A deployment that has ended, well or not. */
export interface Deployment {
  readonly stackId: string;
  readonly ok: boolean;
  /** It failed, and the stack was deleted with what it had before. */
  readonly deletes: boolean;
  /** It failed, and was not rolled back. */
  readonly stays: boolean;
  /** It goes on from one that was not. */
  readonly goesOn: boolean;
}

/** Watches what CloudFormation does. */
export interface Witness {
  beforeRequest(sent: Sent): void;
  answered(sent: Sent, body: string): void;
  /** A complete delivery is followed by another one of the same event. */
  again(sent: Sent, deliver: () => Promise<void>): Promise<void>;
  stuck(what: string): void;
  failed(problem: unknown): void;
}

/** CloudFormation, as far as a custom resource can notice it. */
export class CloudFormationModel implements StackDescriptions {
  private readonly stacks = new Map<string, Stack>();
  private readonly everyStack = new Map<string, Stack>();
  /** Roles of shared providers, by region: a function serves the stacks of its own region. */
  private readonly sharedRoles = new Map<string, Role>();
  /** Templates of deployments that are under way, by the name of the stack. */
  private readonly deploying = new Map<string, Template>();
  private requests = 0;
  private creations = 0;
  /** Requests of the current step. */
  private inStep = 0;
  private duplicates: readonly Duplicate[] = [];
  /** What was planned and did not come about: the request is not there, or was withdrawn. */
  readonly missed = new Set<Duplicate>();
  private faults: Faults;
  /** Deliveries that nobody waits for. */
  private readonly loose: Promise<void>[] = [];
  readonly late: Sent[] = [];
  /** Which stack sent a request. */
  readonly senders = new Map<string, Stack>();
  /** Resources that were let go of in the current step, without a word to the function, as `stackId logicalId`. */
  readonly retained = new Set<string>();
  /** The same of earlier steps. */
  readonly leftOnPurpose = new Set<string>();
  /** Stacks whose rollback could not be completed in the current step. */
  readonly abandoned = new Set<string>();
  readonly policies: TemplatePolicies;

  constructor(
    private readonly clock: VirtualClock,
    private readonly coin: Coin,
    readonly facts: Facts,
    readonly shared: boolean,
    private readonly run: () => LambdaFunction,
    private readonly witness: Witness,
    private readonly secrets: FakeSecretsManager,
    noFaults: Faults,
    private readonly tell?: (line: string) => void,
  ) {
    this.faults = noFaults;
    this.policies = new TemplatePolicies(secrets, facts);
  }

  /** Faults and duplicates of what comes next. */
  begin(faults: Faults, duplicates: readonly Duplicate[]): void {
    this.faults = faults;
    this.duplicates = duplicates;
    this.missed.clear();
    for (const duplicate of duplicates) this.missed.add(duplicate);
    this.inStep = 0;
    this.abandoned.clear();
    for (const one of this.retained) this.leftOnPurpose.add(one);
    this.retained.clear();
    this.policies.refused.clear();
  }

  /** Waits for deliveries that CloudFormation itself does not wait for. */
  async settle(): Promise<void> {
    while (this.loose.length > 0) await this.loose.pop();
  }

  stack(name: string): Stack | undefined {
    return this.stacks.get(name);
  }

  stackById(id: string): Stack | undefined {
    return this.everyStack.get(id);
  }

  answer(command: string, stackId: string, logicalId = ''): unknown {
    const stack = this.everyStack.get(stackId);
    switch (command) {
      case 'DescribeStacks':
        return {
          Stacks: stack && [
            {
              StackId: stack.id,
              StackStatus: stack.status,
              DeletionTime: stack.deleted === undefined ? undefined : new Date(stack.deleted),
            },
          ],
        };
      case 'DescribeStackEvents':
        if (this.facts.eventsAreHidden) throw accessDenied(command, stackId);
        return {
          StackEvents: stack && eventsOf(stack),
        };
      case 'DescribeStackResource': {
        const resource = stack ? stack.everyResource.get(logicalId) : this.nativeResource();
        if (!resource) throw new ServiceError('ValidationError', `Resource ${logicalId} does not exist`);
        return {
          StackResourceDetail: {
            PhysicalResourceId: resource.physicalId,
            ResourceStatus: resource.status,
            LastUpdatedTimestamp: new Date(resource.since),
            ResourceType: stack ? 'Custom::RecoverableSecret' : 'AWS::SecretsManager::Secret',
          },
        };
      }
      default:
        throw new Error(`the model does not know ${command}`);
    }
  }

  /** Of a stack outside of the model, which may or may not have let go of its secret. */
  private nativeResource(): Pick<Resource, 'physicalId' | 'status' | 'since'> | undefined {
    return this.facts.nativeStackHolds ? { physicalId: 'native', status: 'CREATE_COMPLETE', since: 0 } : undefined;
  }

  async deploy(name: string, region: string, template: Template, failure?: Failure): Promise<Deployment> {
    if (this.stacks.get(name)?.status === 'ROLLBACK_COMPLETE') await this.destroy(name);
    const stack = this.stacks.get(name);
    this.deploying.set(name, template);
    const changeShared = () => this.sharedRole(region).change(this.sharedPolicy(name, region, template));
    // An export that is still in use cannot be removed: the last user of a shared provider has to go first.
    const last = template.length === 0 && this.usersOfProvider(region).every((user) => user === name);
    if (this.shared && !last) changeShared();
    const deployed = stack ?? this.newStack(name, region);
    const goesOn = deployed.unfinished !== undefined;
    const ok = await (stack ? this.update(stack, template, failure) : this.create(deployed, template, failure));
    if (this.shared && last) changeShared();
    this.deploying.delete(name);
    return {
      stackId: deployed.id,
      ok,
      deletes: stack?.deleted !== undefined,
      stays: deployed.unfinished !== undefined,
      goesOn,
    };
  }

  /** Rolls back what has failed and was not rolled back; undefined where there is no such thing. */
  async rollBack(name: string): Promise<Deployment | undefined> {
    const stack = this.stacks.get(name);
    if (!stack?.unfinished) return undefined;
    await this.rollBackAttempts(stack, stack.unfinished, []);
    return { stackId: stack.id, ok: false, deletes: false, stays: false, goesOn: true };
  }

  async destroy(name: string): Promise<void> {
    const stack = this.stacks.get(name);
    if (!stack) return;
    this.enter(stack, 'DELETE_IN_PROGRESS');
    for (let attempt = 1; !(await this.deleteAll(stack)); attempt++) {
      this.enter(stack, 'DELETE_FAILED');
      if (attempt === PATIENCE) {
        this.witness.stuck(`stack ${name} cannot be deleted`);
        break;
      }
      await this.somebodyReacts();
      this.enter(stack, 'DELETE_IN_PROGRESS');
    }
    this.end(stack);
  }

  private newStack(name: string, region: string): Stack {
    const id = `${stackArn(region, name)}/${++this.creations}`;
    const role = this.shared ? this.sharedRole(region) : new Role(this.clock, this.coin, this.facts.policyLags);
    const stack: Stack = {
      name,
      id,
      region,
      status: '',
      updated: 0,
      events: [],
      deletions: [],
      resources: new Map(),
      everyResource: new Map(),
      site: { region, role },
    };
    this.stacks.set(name, stack);
    this.everyStack.set(id, stack);
    return stack;
  }

  private async create(stack: Stack, template: Template, failure?: Failure): Promise<boolean> {
    await this.begins(stack, 'CREATE_IN_PROGRESS');
    this.changeRole(stack, template);
    for (const [index, declaration] of template.entries()) {
      const fails = failure?.after === index;
      if (fails && failure.cancels === undefined) return this.failCreation(stack, failure);
      const created = await this.createResource(stack, declaration, fails ? failure.cancels : undefined);
      const resource = stack.resources.get(declaration.logicalId);
      if (!created || !resource || !this.policies.deploy(resource)) return this.failCreation(stack, failure);
    }
    if (failure && failure.after >= template.length) return this.failCreation(stack, failure);
    this.enter(stack, 'CREATE_COMPLETE');
    return true;
  }

  private async failCreation(stack: Stack, failure?: Failure): Promise<boolean> {
    if (!failure?.deletes && !failure?.stays) return this.rollBackCreation(stack);
    const created = [...stack.resources.values()];
    if (!failure.deletes && !created.every((one) => this.isSettled(stack, one))) return this.rollBackCreation(stack);
    await this.begins(stack, 'CREATE_FAILED');
    if (failure.deletes) await this.destroy(stack.name);
    else stack.unfinished = { policies: [], created, touched: [] };
    return false;
  }

  private async rollBackCreation(stack: Stack): Promise<boolean> {
    stack.unfinished = undefined;
    await this.begins(stack, 'ROLLBACK_IN_PROGRESS');
    if (await this.deleteAll(stack)) this.enter(stack, 'ROLLBACK_COMPLETE');
    else {
      this.enter(stack, 'ROLLBACK_FAILED');
      await this.somebodyReacts();
      await this.destroy(stack.name);
    }
    return false;
  }

  private async update(stack: Stack, template: Template, failure?: Failure): Promise<boolean> {
    const declaredBefore = [...stack.resources.values()].map(({ declaration }) => declaration);
    const policiesBefore = [...stack.resources.values()].map((resource) => ({
      resource,
      arn: resource.policyOf,
      before: resource.declaration,
    }));
    const physicalIds = new Map([...stack.resources].map(([id, { physicalId }]) => [id, physicalId]));
    const stable = { template: declaredBefore, physicalIds };
    const attempts = stack.unfinished ?? { stable, policies: policiesBefore, created: [], touched: [] };
    const { created, touched } = attempts;
    await this.begins(stack, 'UPDATE_IN_PROGRESS');
    // What an attempt has taken away goes when everything has succeeded.
    this.changeRole(stack, template, [...declaredBefore, ...(attempts.stable?.template ?? [])]);

    let failed: { readonly resource: Resource; readonly before: SecretDeclaration } | undefined;
    let ok = true;
    for (const [index, declaration] of template.entries()) {
      const fails = failure?.after === index;
      if (fails && failure.cancels === undefined) ok = false;
      if (!ok) break;
      const resource = stack.resources.get(declaration.logicalId);
      if (!resource || resource.status === 'CREATE_FAILED') {
        ok = await this.createResource(stack, declaration, fails ? failure.cancels : undefined);
        const now = stack.resources.get(declaration.logicalId);
        if (now) created.push(now);
      } else if (changed(resource.declaration, declaration) || resource.status === 'UPDATE_FAILED') {
        const before = resource.declaration;
        if (!touched.some((one) => one.resource === resource)) {
          touched.push({ resource, before, physicalId: resource.physicalId });
        }
        const cancels = fails && this.facts.withdrawsUpdates ? failure.cancels : undefined;
        ok = await this.updateResource(stack, resource, declaration, before, cancels);
        // No Update leads it back: it is deleted as what it was.
        if (!ok && created.includes(resource)) resource.declaration = before;
        if (!ok) failed = { resource, before };
        if (fails) ok = false;
      } else {
        resource.declaration = declaration;
        if (fails) ok = false;
      }
      const now = stack.resources.get(declaration.logicalId);
      ok = ok && now !== undefined && this.policies.deploy(now);
    }
    if (failure && failure.after >= template.length) ok = false;

    if (ok) {
      this.enter(stack, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
      for (const { resource, arn } of policiesBefore) this.retirePolicy(resource, arn);
      for (const { resource, before, physicalId } of touched) {
        if (resource.physicalId !== physicalId) await this.cleanUp(stack, resource.logicalId, before, physicalId);
      }
      const followed = created.filter((one) => stack.resources.get(one.logicalId) !== one);
      for (const { logicalId, declaration, physicalId } of this.facts.deletesFailedCreates ? followed : []) {
        await this.cleanUp(stack, logicalId, declaration, physicalId);
      }
      const kept = new Set(template.map(({ logicalId }) => logicalId));
      for (const resource of [...stack.resources.values()]) {
        if (kept.has(resource.logicalId)) continue;
        await this.deleteResource(stack, resource);
        stack.resources.delete(resource.logicalId);
      }
      this.settleRole(stack, template);
      stack.unfinished = undefined;
      this.enter(stack, 'UPDATE_COMPLETE');
      return true;
    }

    const isAsBefore =
      touched.every(
        ({ resource, physicalId }) =>
          resource.physicalId === physicalId && ['UPDATE_COMPLETE', 'UPDATE_FAILED'].includes(resource.status),
      ) &&
      (failure?.deletes || created.every((one) => this.isSettled(stack, one)));
    if ((failure?.deletes || failure?.stays) && isAsBefore) {
      await this.begins(stack, 'UPDATE_FAILED');
      if (failed && !this.facts.attemptCounts) failed.resource.declaration = failed.before;
      if (failure.deletes) await this.destroy(stack.name);
      else stack.unfinished = attempts;
      return false;
    }
    return this.rollBackAttempts(stack, attempts, [...template, ...declaredBefore]);
  }

  /** @param template What the role may have been for until now */
  private async rollBackAttempts(stack: Stack, attempts: Unfinished, template: Template): Promise<boolean> {
    const { stable, policies, created, touched } = attempts;
    const rollsBack = touched.filter(({ resource }) => !created.includes(resource)).reverse();
    const replaced = touched
      .filter(({ resource, physicalId }) => created.includes(resource) && resource.physicalId !== physicalId)
      .map(({ resource, before, physicalId }) => ({ logicalId: resource.logicalId, declaration: before, physicalId }));
    if (!stable) {
      for (const { logicalId, declaration, physicalId } of replaced) {
        await this.cleanUp(stack, logicalId, declaration, physicalId);
      }
      return this.rollBackCreation(stack);
    }
    await this.begins(stack, 'UPDATE_ROLLBACK_IN_PROGRESS');
    this.changeRole(stack, stable.template, template);
    for (const { resource, before, physicalId } of rollsBack) {
      const after = resource.declaration;
      const reached = resource.physicalId;
      if (!this.facts.rollbackKnowsNewId) resource.physicalId = physicalId;
      await this.rollBackResource(stack, resource, before, after);
      if (reached !== resource.physicalId)
        replaced.push({ logicalId: resource.logicalId, declaration: after, physicalId: reached });
    }
    for (const { resource, before } of policies) {
      resource.declaration = before;
      if (resource.policyOf === resource.physicalId) this.policies.deploy(resource);
    }
    this.enter(stack, 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
    for (const { resource, arn } of policies) {
      const added = resource.policyOf === arn ? undefined : resource.policyOf;
      resource.policyOf = arn;
      this.policies.remove(added);
    }
    for (const { logicalId, declaration, physicalId } of replaced) {
      await this.cleanUp(stack, logicalId, declaration, physicalId);
    }
    for (const resource of created.reverse()) {
      stack.everyResource.set(resource.logicalId, resource);
      await this.deleteResource(stack, resource);
      stack.resources.delete(resource.logicalId);
    }
    for (const [id, physicalId] of stable.physicalIds) {
      const now = stack.resources.get(id)?.physicalId;
      if (now !== physicalId) this.tell?.(`    ${id} is another secret after the rollback: ${physicalId} -> ${now}`);
    }
    this.settleRole(stack, stable.template);
    stack.unfinished = undefined;
    this.enter(stack, 'UPDATE_ROLLBACK_COMPLETE');
    return false;
  }

  private async createResource(stack: Stack, declaration: SecretDeclaration, cancels?: number): Promise<boolean> {
    const { logicalId } = declaration;
    // What CloudFormation makes up for a resource that never told its id.
    const madeUp = `${stack.name}-${logicalId}-${this.requests.toString(36).toUpperCase().padStart(12, 'X')}`;
    const resource: Resource = {
      logicalId,
      declaration,
      physicalId: madeUp,
      status: 'CREATE_IN_PROGRESS',
      since: this.clock.now,
    };
    stack.resources.set(logicalId, resource);
    stack.everyResource.set(logicalId, resource);
    const answer = await this.ask(stack, 'Create', resource, declaration, undefined, cancels);
    if (answer) resource.physicalId = answer.physicalId;
    return answer?.status === 'SUCCESS';
  }

  /** Created, or refused: what could not be undone, or is still under way, is left to a rollback. */
  private isSettled(stack: Stack, { status, physicalId, logicalId }: Resource): boolean {
    if (status !== 'CREATE_FAILED') return true;
    const requestId = failedCreateOf(physicalId);
    const isLeft = this.secrets.records.some(({ tags, gone }) => {
      const { origin, ...holder } = readOwnership(tags);
      const isItsOwn = holder.stackId === stack.id && holder.logicalId === logicalId;
      return !gone && (origin?.requestId === requestId || isItsOwn);
    });
    return requestId !== undefined && !isLeft && !this.duplicates.some(({ when }) => when === 'overlapping');
  }

  private async updateResource(
    stack: Stack,
    resource: Resource,
    declaration: SecretDeclaration,
    before: SecretDeclaration,
    cancels?: number,
  ): Promise<boolean> {
    this.mark(resource, `${this.stateOf('Update', stack)}_IN_PROGRESS`);
    resource.declaration = declaration;
    const answer = await this.ask(stack, 'Update', resource, declaration, before, cancels);
    if (answer) resource.physicalId = answer.physicalId;
    return answer?.status === 'SUCCESS';
  }

  private async rollBackResource(
    stack: Stack,
    resource: Resource,
    before: SecretDeclaration,
    after: SecretDeclaration,
  ): Promise<void> {
    for (let attempt = 1; !(await this.updateResource(stack, resource, before, after)); attempt++) {
      this.enter(stack, 'UPDATE_ROLLBACK_FAILED');
      if (attempt === PATIENCE) {
        this.abandoned.add(stack.id);
        this.witness.stuck(`the rollback of stack ${stack.name} cannot be completed, because of ${resource.logicalId}`);
        return;
      }
      await this.somebodyReacts();
      this.enter(stack, 'UPDATE_ROLLBACK_IN_PROGRESS');
    }
  }

  private async deleteAll(stack: Stack): Promise<boolean> {
    let ok = true;
    for (const resource of [...stack.resources.values()].reverse()) {
      const gone = await this.deleteResource(stack, resource);
      if (gone) stack.resources.delete(resource.logicalId);
      ok &&= gone;
    }
    return ok;
  }

  /** Deletes what a resource was before it was replaced. */
  private async cleanUp(
    stack: Stack,
    logicalId: string,
    declaration: SecretDeclaration,
    physicalId: string,
  ): Promise<void> {
    await this.deleteResource(stack, { logicalId, declaration, physicalId, status: '', since: 0 });
  }

  /** Takes away what the template does not have any more for this secret. */
  private retirePolicy(resource: Resource, arn: string | undefined): void {
    const stays = resource.declaration.policy && resource.policyOf === arn && arn === resource.physicalId;
    if (stays) return;
    this.policies.remove(arn);
    if (resource.policyOf === arn) resource.policyOf = undefined;
  }

  private async deleteResource(stack: Stack, resource: Resource): Promise<boolean> {
    this.policies.remove(resource.policyOf);
    resource.policyOf = undefined;
    if (resource.declaration.retain) {
      this.retained.add(`${stack.id} ${resource.logicalId}`);
      this.tell?.(`    ${resource.logicalId} is retained`);
      this.mark(resource, 'DELETE_SKIPPED');
      return true;
    }
    this.mark(resource, 'DELETE_IN_PROGRESS');
    const answer = await this.ask(stack, 'Delete', resource, resource.declaration);
    return answer?.status === 'SUCCESS';
  }

  /** Sends a request and waits for the answer; undefined when none comes. */
  private async ask(
    stack: Stack,
    type: CloudFormationRequest['RequestType'],
    resource: Resource,
    declaration: SecretDeclaration,
    before?: SecretDeclaration,
    cancels?: number,
  ): Promise<Answered | undefined> {
    const number = ++this.requests;
    const request: CloudFormationRequest = {
      RequestType: type,
      RequestId: `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`,
      ResponseURL: `https://cloudformation.example/?X-Amz-Date=${amzDate(this.clock.now)}&X-Amz-Expires=${ANSWER_SECONDS}`,
      StackId: stack.id,
      LogicalResourceId: resource.logicalId,
      ...(type !== 'Create' && { PhysicalResourceId: resource.physicalId }),
      ResourceProperties: propertiesOf(declaration),
      ...(before && { OldResourceProperties: propertiesOf(before) }),
    };
    const sent: Sent = {
      request,
      site: stack.site,
      stack,
      declaration,
      oldDeclaration: before,
      stackStatus: stack.status,
      sentAt: this.clock.now,
      atRest: AT_REST.includes(stack.events.filter((event) => !event.status.startsWith('DELETE_')).pop()?.status ?? ''),
    };
    this.tell?.(
      `    ${type} ${request.RequestId.slice(-4)} ${resource.logicalId} ${JSON.stringify(declaration)}` +
        `${request.PhysicalResourceId ? ` of ${request.PhysicalResourceId}` : ''}`,
    );
    this.witness.beforeRequest(sent);
    this.faults.number(request.RequestId);
    this.senders.set(request.RequestId, stack);

    const ordinal = this.inStep++;
    const planned = this.duplicates.find(({ request }) => request === ordinal);
    const duplicate = planned?.when;
    if (planned && duplicate !== 'overlapping') this.missed.delete(planned);
    const faults = this.faults;
    let wake: () => void = () => {};
    const answered = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let waiting = true;
    const post = (body: string) => {
      this.witness.answered(sent, body);
      // The first answer counts, and none that comes too late.
      if (waiting && !sent.answer) sent.answer = read(body);
      wake();
    };
    const deliver = (label?: string) =>
      this.run()
        .take(request, stack.site, faults, post, label)
        .catch((problem) => this.witness.failed(problem));
    let ended = false;
    const done = deliver().then(() => {
      ended = true;
    });
    this.loose.push(done);
    if (planned && duplicate === 'overlapping') {
      sent.overlaps = true;
      const pause = planned?.after ?? this.coin.between(0, 2_000);
      const second = () => {
        if (!ended) this.missed.delete(planned);
        return deliver(' (second delivery)');
      };
      this.loose.push(this.clock.sleep(pause).then(second));
    }
    if (duplicate === 'later') this.late.push(sent);
    await Promise.race([answered, this.clock.sleep(cancels ?? SERVICE_TIMEOUT)]);
    waiting = false;
    sent.endedAt = this.clock.now;
    sent.withdrawn = cancels !== undefined && !sent.answer;
    if (!sent.answer)
      this.tell?.(`    ${cancels === undefined ? 'no answer came' : 'cancelled, nobody waits for the answer'}`);
    this.mark(resource, `${this.stateOf(type, stack)}_${sent.answer?.status === 'SUCCESS' ? 'COMPLETE' : 'FAILED'}`);
    if (type === 'Delete' && sent.answer?.status === 'SUCCESS' && !this.facts.deletesSilently) {
      const { logicalId, physicalId } = resource;
      stack.deletions.push({ logicalId, physicalId, at: this.clock.now });
    }
    if (duplicate === 'again' && sent.answer && cancels === undefined) {
      await done;
      await this.clock.sleep(2_000);
      await this.witness.again(sent, () => deliver(' (delivered again)'));
    }
    return sent.answer;
  }

  /** Delivers an old event once more, as long as its function exists. */
  async deliverLate(sent: Sent, faults: Faults): Promise<void> {
    if (!this.shared && this.stacks.get(sent.stack.name) !== sent.stack) return;
    await this.run().take(sent.request, sent.site, faults, () => {}, ' (late)');
  }

  /** A deployment, and its rollback, take a moment to begin. */
  private async begins(stack: Stack, status: string): Promise<void> {
    this.enter(stack, status);
    await this.clock.sleep(this.coin.between(2_000, 5_000));
  }

  private stateOf(type: CloudFormationRequest['RequestType'], { status }: Stack): string {
    const goesBack = this.facts.rollbackHasStates && type === 'Update' && status.includes('ROLLBACK');
    return goesBack ? 'UPDATE_ROLLBACK' : type.toUpperCase();
  }

  private mark(resource: Resource, status: string): void {
    resource.status = status;
    resource.since = this.clock.now;
  }

  private enter(stack: Stack, status: string): void {
    stack.status = status;
    stack.events.push({ status, at: this.clock.now });
    if (['CREATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS'].includes(status) && !stack.unfinished)
      stack.updated = this.clock.now;
    if (status === 'DELETE_IN_PROGRESS') stack.deleted ??= this.clock.now;
    this.tell?.(`    stack ${stack.name}: ${status}`);
  }

  /** What failed goes on when a person, or a pipeline, has seen that and asks for it. */
  private somebodyReacts(): Promise<void> {
    return this.clock.sleep(this.coin.between(5, 60) * SECOND);
  }

  private end(stack: Stack): void {
    stack.resources.clear();
    stack.unfinished = undefined;
    this.enter(stack, 'DELETE_COMPLETE');
    this.stacks.delete(stack.name);
  }

  /** The role is a resource of the stack: it changes before the secrets that need it. */
  private changeRole(stack: Stack, template: Template, other: Template = []): void {
    if (this.shared) return;
    // The permission for resource policies is a resource of its own, made before the secrets change and gone after that.
    const protects = [...template, ...other].some(({ purgeProtection }) => purgeProtection);
    stack.site.role.change({ ...this.rolePolicy(stack, template), protects });
  }

  /** The deployment, or its rollback, has got to the end. */
  private settleRole(stack: Stack, template: Template): void {
    const policy = this.rolePolicy(stack, template);
    if (!this.shared && stack.site.role.current?.protects !== policy.protects) stack.site.role.change(policy);
  }

  private rolePolicy(stack: Stack, template: Template): Policy {
    const served = template.map((secret) => ({ stackName: stack.name, secret }));
    return policyOf({ ...stack, shared: false }, served);
  }

  private usersOfProvider(region: string): string[] {
    return [...this.stacks.values()]
      .filter((stack) => stack.region === region && stack.resources.size > 0)
      .map(({ name }) => name);
  }

  private sharedRole(region: string): Role {
    let role = this.sharedRoles.get(region);
    if (!role) {
      role = new Role(this.clock, this.coin, this.facts.policyLags);
      this.sharedRoles.set(region, role);
    }
    return role;
  }

  /** The stack of a shared provider is deployed first, with everything that the app then contains. */
  private sharedPolicy(name: string, region: string, template: Template) {
    const others = [...this.stacks.values()].filter((stack) => stack.name !== name && stack.region === region);
    const secretsOf = (stack: Stack) => [
      ...[...stack.resources.values()].map(({ declaration }) => declaration),
      ...(this.deploying.get(stack.name) ?? []),
    ];
    return policyOf({ name: 'Provider', id: `${stackArn(region, 'Provider')}/1`, region, shared: true }, [
      ...others.flatMap((stack) => secretsOf(stack).map((secret) => ({ stackName: stack.name, secret }))),
      ...template.map((secret) => ({ stackName: name, secret })),
    ]);
  }
}

function changed(before: SecretDeclaration, after: SecretDeclaration): boolean {
  return JSON.stringify(propertiesOf(before)) !== JSON.stringify(propertiesOf(after));
}

/** The latest first. */
function eventsOf({ id, events, deletions }: Stack) {
  const ofStack = events.map((event) => ({ ...event, logicalId: '', physicalId: id }));
  const ofResources = deletions.map((deletion) => ({ ...deletion, status: 'DELETE_COMPLETE' }));
  return [...ofStack, ...ofResources]
    .reverse()
    .sort((one, other) => other.at - one.at)
    .map(({ logicalId, physicalId, status, at }) => ({
      StackId: id,
      LogicalResourceId: logicalId,
      PhysicalResourceId: physicalId,
      ResourceStatus: status,
      Timestamp: new Date(at),
    }));
}

function amzDate(now: number): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d+/g, '');
}

function read(body: string): Answered {
  const { Status, PhysicalResourceId, Reason, Data } = JSON.parse(body);
  return { status: Status, physicalId: PhysicalResourceId, reason: Reason, outcome: Data?.Outcome };
}
