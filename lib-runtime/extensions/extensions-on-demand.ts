import { createRequire } from 'node:module';
import type { OnDemandExtensions, OnDemandOptions } from './on-demand-extensions';

// Another name than `require`, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

const onDemand = () => requireFromHere('./on-demand-extensions') as typeof import('./on-demand-extensions');

/** Loads extensions for a statement. If all extensions are declared, it is created only for SQL that loads an extension itself. */
export function extensionsOnDemand(options: OnDemandOptions): (sql: string) => OnDemandExtensions | undefined {
  let made: OnDemandExtensions | undefined;
  return (sql) => (options.loads || /\bLOAD\b/i.test(sql) ? made ??= new (onDemand().OnDemandExtensions)(options) : undefined);
}
