import { Annotations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { duckdbVersionOf } from './duckdb-version';
import { TESTED } from '../tested-versions';

/**
 * Warns of a client with another DuckDB than the tested one, and of an older release with the same DuckDB.
 *
 * A later release with the same DuckDB counts as tested: its library is the same (byte for byte in 1.5.5-r.1 and -r.5), and so are the extensions,
 * the settings and the wording of errors. An older release may lack what the runtime uses: 1.5.5-r.1 has no name for MERGE.
 *
 * @param client undefined if it is not known
 */
export function warnOfUntestedClient(fn: IConstruct, client: string | undefined): void {
  if (client === undefined) return;
  const sameDuckDb = duckdbVersionOf(client) === TESTED.duckdb;
  if (sameDuckDb && releaseOf(client) >= releaseOf(TESTED.client)) return;
  const risk = sameDuckDb
    ? 'an older release of the client may lack what the runtime uses'
    : 'extensions may be missing when the image is built, synthesis does not check the names of extensions and settings, '
      + 'and the runtime may misread what DuckDB\'s errors mean';
  Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:untestedClient', `@duckdb/node-api ${client} was not tested with this version of `
    + `cdk-duckdb-lambda, which was tested with ${TESTED.client}: ${risk}; `
    + `pin ${TESTED.client} with nodeApiVersion or in the handler's project, or acknowledge this warning once your own tests pass with ${client}`);
}

/** The 5 of `1.5.5-r.5`. */
function releaseOf(client: string): number {
  return Number(client.replace(/^.*-r\./, ''));
}
