export * from './recoverable-secret';
export * from './secret-deletion-monitor';
export * from './secret-recovery';
export * from './secret-recovery-provider';
