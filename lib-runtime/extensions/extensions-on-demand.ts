import { onDemand } from '../chunks';
import type { OnDemandExtensions, OnDemandOptions } from './on-demand-extensions';

/** What loads extensions for a statement. Where all are declared, it is made only for SQL that loads one itself. */
export function extensionsOnDemand(options: OnDemandOptions): (sql: string) => OnDemandExtensions | undefined {
  let made: OnDemandExtensions | undefined;
  return (sql) => (options.loads || /\bLOAD\b/i.test(sql) ? made ??= new (onDemand().OnDemandExtensions)(options) : undefined);
}
