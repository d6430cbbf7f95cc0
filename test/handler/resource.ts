import type { CloudFormationRequest } from '../../src/handler/cloudformation/request';
import type { Cloud, Delivered } from './cloud';
import { answerUrl, type Holder, OWNER, type Properties, properties, request } from './requests';

/** What CloudFormation tells about a stack. */
export interface StackState {
  status: string;
  /** Statuses that it had, the oldest first, each with its time. */
  events?: { readonly status: string; readonly at: number }[];
  rootId?: string;
  changeSetId?: string;
  changes?: object[];
  /** Statuses of resources by logical id. */
  readonly resources: Record<string, string>;
  /** When a resource got its status. */
  changedAt?: Record<string, Date>;
  physicalIds?: Record<string, string>;
}

/** CloudFormation's side of one resource: it remembers the physical id and the properties, and asks. */
export class Resource {
  physicalId?: string;
  properties: Properties = {};
  private last?: CloudFormationRequest;
  private attempted: Properties = {};

  constructor(
    private readonly cloud: Cloud,
    readonly stackId: string,
    readonly logicalId: string,
  ) {
    if (cloud.stacks.has(stackId)) return;
    cloud.stacks.set(stackId, { status: '', resources: {} });
    this.enter('CREATE_IN_PROGRESS');
  }

  get stack(): StackState {
    return this.cloud.stacks.get(this.stackId) as StackState;
  }

  get requestId(): string {
    return this.last?.RequestId ?? '';
  }

  /** How the tags name this resource. */
  get holder(): Holder {
    return { owner: OWNER, stackId: this.stackId, logicalId: this.logicalId };
  }

  // --- the stack

  /** The stack gets this status now. */
  enter(status: string): void {
    this.cloud.pass(10_000);
    this.stack.status = status;
    this.stack.events = [...(this.stack.events ?? []), { status, at: this.cloud.now }];
  }

  /** The deployment that is under way, or its rollback, ends. */
  complete(): void {
    const rollback = this.stack.status.includes('ROLLBACK') ? 'ROLLBACK' : undefined;
    if (this.isFirst) this.enter(`${rollback ?? 'CREATE'}_COMPLETE`);
    else this.enter(`UPDATE_${rollback ? `${rollback}_` : ''}COMPLETE`);
  }

  /** It fails, and is not rolled back. */
  fail(): void {
    this.enter(this.isFirst ? 'CREATE_FAILED' : 'UPDATE_FAILED');
  }

  /** It fails, and is rolled back: from what it was to be, also where that has failed. */
  rollBack(): void {
    this.properties = this.attempted;
    this.enter(this.isFirst ? 'ROLLBACK_IN_PROGRESS' : 'UPDATE_ROLLBACK_IN_PROGRESS');
  }

  /** What was replaced or removed goes, after the deployment or after its rollback. */
  cleanUp(): void {
    if (this.isAtRest) this.enter('UPDATE_IN_PROGRESS');
    const after = this.stack.status.includes('ROLLBACK') ? 'UPDATE_ROLLBACK_COMPLETE' : 'UPDATE_COMPLETE';
    this.enter(`${after}_CLEANUP_IN_PROGRESS`);
  }

  /** The deployment that is under way, or begins, was planned as this change set; each resource by what happens to it. */
  plan(changes: Record<string, 'Add' | 'Modify' | 'Remove' | 'Retain'>): void {
    this.stack.changeSetId = 'change-set';
    this.stack.changes = Object.entries(changes).map(([LogicalResourceId, action]) => ({
      ResourceChange: {
        LogicalResourceId,
        Action: action === 'Retain' ? 'Remove' : action,
        PolicyAction: action === 'Retain' ? action : undefined,
      },
    }));
  }

  /** The resource leaves its stack, and its secret stays live. */
  retain(): void {
    this.became('DELETE_SKIPPED');
  }

  private get isAtRest(): boolean {
    return /_(COMPLETE|FAILED)$/.test(this.stack.status);
  }

  private get isFirst(): boolean {
    return /^(CREATE|ROLLBACK)_/.test(this.stack.status);
  }

  // --- requests

  async create(wanted: Properties = properties()): Promise<Delivered> {
    this.properties = this.attempted = wanted;
    delete this.stack.physicalIds?.[this.logicalId];
    const answer = await this.ask('Create', { ResourceProperties: wanted });
    this.became(answer.status === 'SUCCESS' ? 'CREATE_COMPLETE' : 'CREATE_FAILED');
    this.holds(answer);
    return answer;
  }

  async update(wanted: Properties): Promise<Delivered> {
    this.attempted = wanted;
    const answer = await this.ask('Update', {
      ResourceProperties: wanted,
      PhysicalResourceId: this.physicalId,
      OldResourceProperties: this.properties,
    });
    this.became(answer.status === 'SUCCESS' ? 'UPDATE_COMPLETE' : 'UPDATE_FAILED');
    if (answer.status === 'SUCCESS') this.properties = wanted;
    this.holds(answer);
    return answer;
  }

  /** A Delete of what the resource is, or of what it was before it was replaced. */
  async delete({
    physicalId = this.physicalId,
    properties: of = this.properties,
  }: {
    physicalId?: string;
    properties?: Properties;
  } = {}): Promise<Delivered> {
    return this.ask('Delete', { ResourceProperties: of, PhysicalResourceId: physicalId });
  }

  /** Delivers the last request once more, as Lambda may, while CloudFormation still waits for its answer. */
  async again(): Promise<Delivered> {
    this.became(`${this.lastRequest.RequestType.toUpperCase()}_IN_PROGRESS`, this.sentAt);
    return this.late();
  }

  /** Delivers a request when CloudFormation has long gone on. */
  async late(asked = this.lastRequest): Promise<Delivered> {
    this.cloud.pass(60_000);
    return this.cloud.answer(asked);
  }

  get lastRequest(): CloudFormationRequest {
    return this.last as CloudFormationRequest;
  }

  private sentAt = 0;

  private became(status: string, at = this.cloud.now): void {
    this.stack.resources[this.logicalId] = status;
    this.stack.changedAt = { ...this.stack.changedAt, [this.logicalId]: new Date(at) };
  }

  private holds({ physicalId }: Delivered): void {
    this.physicalId = physicalId;
    this.stack.physicalIds = { ...this.stack.physicalIds, [this.logicalId]: physicalId };
  }

  private ask(
    type: CloudFormationRequest['RequestType'],
    about: Pick<CloudFormationRequest, 'ResourceProperties'> & Partial<CloudFormationRequest>,
  ): Promise<Delivered> {
    // Of a stack that is at rest comes no request.
    if (this.isAtRest) {
      this.enter(type === 'Delete' ? 'DELETE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS');
    }
    this.cloud.pass(1_000);
    this.sentAt = this.cloud.now;
    this.became(`${type.toUpperCase()}_IN_PROGRESS`);
    const of = { StackId: this.stackId, LogicalResourceId: this.logicalId, ResponseURL: answerUrl(this.sentAt) };
    this.last = request(type, { ...of, ...about });
    if (!this.cloud.fresh) this.cloud.pass(60_000);
    return this.cloud.answer(this.last);
  }
}
