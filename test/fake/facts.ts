/**
 * What nobody outside of AWS knows for sure, or what differs from one moment to the next. Code has to cope with either
 * answer, so every life draws its own; `false` is the answer that makes a life easiest to read.
 */
export interface Facts {
  /** DeleteSecret on a scheduled secret succeeds instead of failing. */
  readonly deletesTwice: boolean;
  /** ... and then moves the deletion date. */
  readonly deletionDateMoves: boolean;
  /** RestoreSecret on a live secret fails instead of doing nothing. */
  readonly restoreOfLiveFails: boolean;
  /** DescribeSecret shows the time of the request, not the end of the window, as `DeletedDate`. */
  readonly deletedDateIsRequest: boolean;
  /** While a deletion without recovery is under way, CreateSecret and RestoreSecret say "was deleted". */
  readonly saysWasDeleted: boolean;
  /** While it is under way, DescribeSecret finds no secret any more. */
  readonly forgetsBeingDeleted: boolean;
  /** Adding a replica that is there does nothing instead of failing. */
  readonly replicatesTwice: boolean;
  /** Removing a replica that is not there fails instead of doing nothing. */
  readonly removesReplicasOnce: boolean;
  /** A tag change by which the caller would lose its permission is refused, as the API reference says. */
  readonly refusesLockout: boolean;
  /** A version without a staging label is deleted at once. */
  readonly purgesVersions: boolean;
  /**
   * For some seconds other calls may see whether a secret exists, and whether it is scheduled, as it was before. Tags,
   * versions and settings are seen at once, as every recording has them.
   */
  readonly stateLags: boolean;
  /** A secret that is scheduled can be deleted for good whatever its resource policy says. */
  readonly ignoresPolicyOfScheduled: boolean;
  /** RestoreSecret brings a secret back without its resource policy. */
  readonly restoreDropsPolicy: boolean;
  /** A policy of the organization denies every deletion without recovery. */
  readonly forbidsForce: boolean;
  /** A changed policy is seen late. */
  readonly policyLags: boolean;
  /** A rollback sends the reversed Update of a replaced resource with the id of the new one. */
  readonly rollbackKnowsNewId: boolean;
  /** An Update that failed, and was not rolled back, counts as what the resource was before. */
  readonly attemptCounts: boolean;
  /** A Create that failed, and was followed by another one, is deleted like what was replaced. */
  readonly deletesFailedCreates: boolean;
  /** The events of a stack do not tell when what was replaced has been deleted. */
  readonly deletesSilently: boolean;
  /** A resource whose Update is rolled back has states of its own. */
  readonly rollbackHasStates: boolean;
  /** A policy of the template takes the place of one that is there, instead of failing. */
  readonly policyTakesPlace: boolean;
  /** When another resource fails, CloudFormation withdraws an Update as it withdraws a Create. */
  readonly withdrawsUpdates: boolean;
  /** The stack of a native secret still holds it. */
  readonly nativeStackHolds: boolean;
  /** Replicas take minutes to go, more than the function waits for. */
  readonly replicasLinger: boolean;
  /** The role may not see the events of its stack. */
  readonly eventsAreHidden: boolean;
}

export const NO_SURPRISES: Facts = {
  deletesTwice: false,
  deletionDateMoves: false,
  restoreOfLiveFails: false,
  deletedDateIsRequest: false,
  saysWasDeleted: false,
  forgetsBeingDeleted: false,
  replicatesTwice: false,
  removesReplicasOnce: false,
  refusesLockout: false,
  purgesVersions: false,
  stateLags: false,
  ignoresPolicyOfScheduled: false,
  restoreDropsPolicy: false,
  forbidsForce: false,
  policyLags: false,
  rollbackKnowsNewId: false,
  attemptCounts: false,
  deletesFailedCreates: false,
  deletesSilently: false,
  rollbackHasStates: false,
  policyTakesPlace: false,
  withdrawsUpdates: false,
  nativeStackHolds: false,
  replicasLinger: false,
  eventsAreHidden: false,
};
