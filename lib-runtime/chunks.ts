import { createRequire } from 'node:module';

// Files of their own beside the bundled runtime: what they hold costs a cold start, and is evaluated when it is first needed only.

// A name of its own, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** What to do about DuckDB's errors. */
export const advice = () => requireFromHere('./diagnosis/advice') as typeof import('./diagnosis/advice');

/** The AWS SDK's chain of credentials. */
export const credentialChain = () => requireFromHere('./aws/aws-credential-chain') as typeof import('./aws/aws-credential-chain');

/** Powertools' cache, and what fetches secrets. */
export const secretProviders = () => requireFromHere('./aws/secret-providers') as typeof import('./aws/secret-providers');

/** What signs in to RDS with an IAM token. */
export const rdsToken = () => requireFromHere('./aws/rds-token') as typeof import('./aws/rds-token');

/** Node.js's own, whose loading takes a millisecond of a cold start. */
export const workerThreads = () => requireFromHere('node:worker_threads') as typeof import('node:worker_threads');

/** What loads extensions, and reaches S3, where no stack has declared any. */
export const onDemand = () => requireFromHere('./extensions/on-demand') as typeof import('./extensions/on-demand');

/** What assumes a role. */
export const roles = () => requireFromHere('./aws/assume-role') as typeof import('./aws/assume-role');

/** What binds lists, objects, dates and bytes. */
export const parameterValues = () => requireFromHere('./values/parameter-values') as typeof import('./values/parameter-values');

/** What to do about errors of PostgreSQL. */
export const postgresHints = () => requireFromHere('./diagnosis/postgres-hints') as typeof import('./diagnosis/postgres-hints');
