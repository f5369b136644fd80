export * from './bootstrap';
export * from './bootstrap-mode';
export * from './bootstrap-step';
export * from './bundling-options';
export * from './duckdb-function';
export * from './extension';
export * from './extension-repository';
export * from './secret-source';
