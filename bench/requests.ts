import { answerUrl, properties, request, stackId } from '../test/handler/requests';

/** A request of CloudFormation as it reaches a function whose answers go to `endpoint`. */
export function ask(
  endpoint: string,
  type: 'Create' | 'Update' | 'Delete',
  {
    old = false,
    life = 1,
    ...about
  }: {
    /** Sent so long ago that CloudFormation may have withdrawn it. */
    readonly old?: boolean;
    /** Which life of the stack: deployed again after it was destroyed, it has another id. */
    readonly life?: number;
    readonly ResourceProperties?: Record<string, unknown>;
    readonly OldResourceProperties?: Record<string, unknown>;
    readonly PhysicalResourceId?: string;
  } = {},
) {
  return {
    ...request(type, {
      StackId: stackId('bench', life),
      LogicalResourceId: 'Secret',
      ResourceProperties: properties(),
      ...about,
    }),
    ResponseURL: answerUrl(old ? Date.now() - 60_000 : undefined, endpoint),
  };
}
