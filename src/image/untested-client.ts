import { Annotations } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { duckdbVersionOf } from './duckdb-version';
import { TESTED } from '../tested-versions';

/**
 * Warns of a client with another DuckDB than the tested one.
 *
 * Every release of the client with the same DuckDB counts as tested: the library in it is the same (byte for byte in 1.5.5-r.1 and -r.5),
 * and with it the extensions, the settings and the words of errors. What changes is the JavaScript around it, which the image build runs.
 *
 * @param client undefined where it is not known
 */
export function warnOfUntestedClient(fn: IConstruct, client: string | undefined): void {
  if (client === undefined || duckdbVersionOf(client) === TESTED.duckdb) return;
  Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:untested-client', `@duckdb/node-api ${client} was not tested with this version of `
    + `cdk-duckdb-lambda, which was tested with ${TESTED.client}: extensions may be missing when the image is built, the names of extensions and `
    + 'settings are not checked at synth, and the runtime may misread what DuckDB\'s errors mean; '
    + `pin ${TESTED.client} by nodeApiVersion or in the handler's project, or acknowledge this warning once your own tests pass with ${client}`);
}
