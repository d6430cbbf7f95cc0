export * from './recoverable-secret';
export * from './secret-deletion-monitor';
export * from './secret-deletion-monitor-props';
export * from './secret-recovery';
export * from './secret-recovery-provider';
