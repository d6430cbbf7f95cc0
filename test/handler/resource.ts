import type { CloudFormationRequest } from '../../src/handler/cloudformation/request';
import type { Cloud, Delivered } from './cloud';
import { type Properties, properties, request } from './requests';

/** What CloudFormation tells about a stack. */
export interface StackState {
  status: string;
  rootId?: string;
  changeSetId?: string;
  changes?: object[];
  deletedAt?: Date;
  /** State of the change set; it is being executed where nothing is said. */
  execution?: string;
  /** Statuses of resources by logical id. */
  readonly resources: Record<string, string>;
  physicalIds?: Record<string, string>;
  /** Types of resources by logical id; a native secret where nothing is said. */
  types?: Record<string, string>;
}

/** CloudFormation's side of one resource: it remembers the physical id and the properties, and asks. */
export class Resource {
  physicalId?: string;
  properties: Properties = {};
  private last?: CloudFormationRequest;

  constructor(
    private readonly cloud: Cloud,
    readonly stackId: string,
    readonly logicalId: string,
  ) {
    if (!cloud.stacks.has(stackId)) cloud.stacks.set(stackId, { status: 'CREATE_IN_PROGRESS', resources: {} });
  }

  get stack(): StackState {
    return this.cloud.stacks.get(this.stackId) as StackState;
  }

  get requestId(): string {
    return this.last?.RequestId ?? '';
  }

  async create(wanted: Properties = properties()): Promise<Delivered> {
    this.properties = wanted;
    this.stack.resources[this.logicalId] = 'CREATE_IN_PROGRESS';
    const answer = await this.ask(request('Create', this.about(wanted)));
    this.stack.resources[this.logicalId] = answer.status === 'SUCCESS' ? 'CREATE_COMPLETE' : 'CREATE_FAILED';
    this.holds(answer);
    return answer;
  }

  async update(wanted: Properties): Promise<Delivered> {
    const before = this.properties;
    this.stack.resources[this.logicalId] = 'UPDATE_IN_PROGRESS';
    const answer = await this.ask(
      request('Update', { ...this.about(wanted), PhysicalResourceId: this.physicalId, OldResourceProperties: before }),
    );
    this.stack.resources[this.logicalId] = answer.status === 'SUCCESS' ? 'UPDATE_COMPLETE' : 'UPDATE_FAILED';
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
    this.stack.resources[this.logicalId] = 'DELETE_IN_PROGRESS';
    return this.ask(request('Delete', { ...this.about(of), PhysicalResourceId: physicalId }));
  }

  /** Delivers the last request once more, as Lambda may, while CloudFormation still waits for its answer. */
  async again(): Promise<Delivered> {
    this.stack.resources[this.logicalId] = `${this.lastRequest.RequestType.toUpperCase()}_IN_PROGRESS`;
    return this.late();
  }

  /** Delivers a request when CloudFormation has long gone on. */
  async late(asked = this.lastRequest): Promise<Delivered> {
    this.cloud.fresh = false;
    try {
      return await this.cloud.answer(asked);
    } finally {
      this.cloud.fresh = true;
    }
  }

  get lastRequest(): CloudFormationRequest {
    return this.last as CloudFormationRequest;
  }

  private holds({ physicalId }: Delivered): void {
    this.physicalId = physicalId;
    this.stack.physicalIds = { ...this.stack.physicalIds, [this.logicalId]: physicalId };
  }

  private about(wanted: Properties) {
    return { StackId: this.stackId, LogicalResourceId: this.logicalId, ResourceProperties: wanted };
  }

  private ask(asked: CloudFormationRequest): Promise<Delivered> {
    this.last = asked;
    return this.cloud.answer(asked);
  }
}
