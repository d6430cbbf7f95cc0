/** What became of a deployment. */
export interface Deployment {
  /**
   * Undone also where something failed to be undone; under way also after a failure that was not rolled back; unknown where
   * the function may not see the events of the stack.
   */
  readonly outcome: 'completed' | 'undone' | 'under way' | 'unknown';
  /** Whether no deployment is under way, neither this one nor a later one. */
  readonly idle: boolean;
}
