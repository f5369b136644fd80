export * from './motherduck-step';
export * from './postgres-credentials';
export * from './postgres-endpoint';
export * from './postgres-step';
export * from './s3-step';
export * from './sql-step';
