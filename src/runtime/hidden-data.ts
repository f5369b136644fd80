import { Token, TokenComparison } from 'aws-cdk-lib';
import { BoundStep, DatabaseConfig } from './runtime-config';

/**
 * Refuses a database in which two Iceberg steps do not know where their files are, and would read them in different ways. DuckDB chooses credentials by a
 * file's location, so it would read the files of one step with the credentials of the other. S3 Tables hides the buckets of its tables.
 */
export function checkHiddenData(steps: BoundStep[], databases: { [name: string]: DatabaseConfig }, at: string): void {
  const hidden = steps.filter(({ type, config }) => type === 'iceberg' && signedRegion(config) !== undefined && config?.s3 === undefined);
  const all: { [name: string]: DatabaseConfig } = { default: {}, ...databases };
  for (const { steps: names } of Object.values(all)) {
    const [first, ...others] = hidden.filter(({ name }) => names?.includes(name) ?? true);
    for (const other of others) {
      const what = difference(first, other);
      if (what === undefined) continue;
      throw new Error(`${at} has two Iceberg steps with different ${what}, "${first.name}" and "${other.name}", that do not say where their tables' files are, as `
        + 'S3 Tables hides it: DuckDB would read the files of one with the credentials of the other; give each its own function, or name data where you can');
    }
  }
}

function difference(one: BoundStep, other: BoundStep): string | undefined {
  if (one.config?.assumeRole !== other.config?.assumeRole) return 'roles';
  const isSame = Token.compareStrings(signedRegion(one.config)!, signedRegion(other.config)!) !== TokenComparison.DIFFERENT;
  return isSame ? undefined : 'regions';
}

/** The region of a step's signatures, and so of its files; empty if it is the function's. Undefined if it does not sign. */
function signedRegion(config: BoundStep['config']): string | undefined {
  if (config?.source === 's3tables') return config.region;
  return config?.auth?.type === 'sigv4' ? config.auth.region ?? '' : undefined;
}
