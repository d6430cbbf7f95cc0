import type { ExistingSecret } from '../../handler/model/secret';
import type { Change } from './changes';

/** What is going to happen to a secret. */
export type Action =
  /** By a deployment of its resource. */
  | 'CREATE'
  | 'RESTORE'
  | 'ADOPT'
  | 'UPDATE'
  | 'REPLACE'
  | 'NOTHING'
  /** Because its resource goes away. */
  | 'SCHEDULE'
  | 'FORCE'
  | 'RETAIN'
  | 'LEAVE'
  /** The deployment fails. */
  | 'REFUSE'
  /** Only the deployment knows. */
  | 'UNKNOWN';

export interface Foretold {
  readonly action: Action;
  /** For a refusal, the very text that the deployment fails with. */
  readonly reason: string;
  /** What a person can do about a refusal that does not say so itself. */
  readonly advice?: string;
  /** Of the secret that the resource has afterwards, or gives up. */
  readonly name: string;
  /** The secret of this name as it is before; undefined where there is none. */
  readonly secret?: ExistingSecret;
  readonly changes: readonly Change[];
  /** When a secret that is going to be scheduled can be restored no longer. */
  readonly deletionDate?: Date;
  /** What only the deployment knows, as `property: what it depends on`. */
  readonly open: readonly string[];
}

/** One resource of a stack, and what is going to happen to its secret. */
export interface Planned extends Foretold {
  /** The outermost stack, by the name that it is deployed under. */
  readonly stack: string;
  readonly region: string;
  /** The construct in the app. */
  readonly path: string;
  readonly logicalId: string;
}
