export * from './motherduck-step';
export * from './postgres-connection-options';
export * from './postgres-credentials';
export * from './postgres-endpoint';
export * from './postgres-step';
export * from './s3-access-options';
export * from './s3-step';
export * from './sql-step';
