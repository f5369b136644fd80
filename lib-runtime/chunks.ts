import { createRequire } from 'node:module';

// Files of their own beside the bundled runtime: what they hold costs a cold start, and is evaluated when it is first needed only.

// A name of its own, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** The AWS SDK's chain of credentials. */
export const credentialChain = () => requireFromHere('./aws-credential-chain') as typeof import('./aws-credential-chain');

/** Powertools' cache, and what fetches secrets. */
export const secretProviders = () => requireFromHere('./secret-providers') as typeof import('./secret-providers');

/** What signs in to RDS with an IAM token. */
export const rdsToken = () => requireFromHere('./rds-token') as typeof import('./rds-token');

/** What assumes a role. */
export const roles = () => requireFromHere('./assume-role') as typeof import('./assume-role');

/** What to do about errors of PostgreSQL. */
export const postgresHints = () => requireFromHere('./postgres-hints') as typeof import('./postgres-hints');
