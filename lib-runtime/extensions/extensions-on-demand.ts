import { createRequire } from 'node:module';
import type { OnDemandExtensions, OnDemandOptions } from './on-demand-extensions';

// A name of its own, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

const onDemand = () => requireFromHere('./on-demand-extensions') as typeof import('./on-demand-extensions');

/** What loads extensions for a statement. Where all are declared, it is made only for SQL that loads one itself. */
export function extensionsOnDemand(options: OnDemandOptions): (sql: string) => OnDemandExtensions | undefined {
  let made: OnDemandExtensions | undefined;
  return (sql) => (options.loads || /\bLOAD\b/i.test(sql) ? made ??= new (onDemand().OnDemandExtensions)(options) : undefined);
}
