import * as fs from 'fs';
import * as path from 'path';
import { Annotations as CdkAnnotations, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { DockerImageCode } from 'aws-cdk-lib/aws-lambda';
import { client, duckdb } from '../../assets/docker/versions.json';
import { DuckDbFunction, DuckDbFunctionProps } from '../../src';
import { unbundledStack } from '../duckdb-function/unbundled';
import { temporaryDirectory } from '../temporary-directory';

let stack: Stack;

beforeEach(() => {
  stack = unbundledStack();
});

/** A function of a project that does not name a client itself. */
function declare(props: Partial<DuckDbFunctionProps> = {}): DuckDbFunction {
  const entry = path.join(temporaryDirectory(), 'reports.ts');
  fs.writeFileSync(entry, 'export const handler = () => 1;');
  return new DuckDbFunction(stack, 'Reports', { entry, ...props });
}

const OTHER_DUCKDB = 'extensions may be missing .* synthesis does not check the names of extensions and settings';

test.each([
  ['9.9.9-r.9', OTHER_DUCKDB],
  ['1.4.4-r.99', OTHER_DUCKDB],
  [`${duckdb}-r.0`, 'an older release of the client may lack'],
])('%s causes a warning, until it is acknowledged', (nodeApiVersion, risk) => {
  const fn = declare({ nodeApiVersion });
  Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp(
    `^@duckdb/node-api ${nodeApiVersion} was not tested with .* which was tested with ${client}: ${risk}.*; `
    + `pin ${client} with nodeApiVersion or .* with ${nodeApiVersion} \\[ack: cdk-duckdb-lambda:untestedClient\\]$`));

  CdkAnnotations.of(fn).acknowledgeWarning('cdk-duckdb-lambda:untestedClient', 'our tests pass with it');
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});

test.each([client, `${duckdb}-r.100`])('%s, with the tested DuckDB, does not', (nodeApiVersion) => {
  declare({ nodeApiVersion });
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});

test('the default and a prebuilt image: no warning', () => {
  declare();
  new DuckDbFunction(stack, 'Prebuilt', { code: DockerImageCode.fromEcr(new Repository(stack, 'Repository')) });
  Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
});
