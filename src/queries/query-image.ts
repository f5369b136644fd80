import * as path from 'path';
import { Annotations, Stack } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { Construct, IConstruct } from 'constructs';
import { CheckedQueries, checkQueries } from './checked-queries';
import { localClient } from './local-client';
import { resolveQueryFolder } from './query-folder';
import { DuckDbOptions } from '../duckdb-options';
import { stageImage, stagePlaceholder } from '../image/build-context';
import { CLIENT } from '../image/duckdb-version';
import { FunctionImage } from '../image/function-image';
import { ImageHandler } from '../image/image-handler';
import { resolveImage } from '../image/resolved-image';
import { copyFile } from '../image/staged-files';

const ASSETS = path.join(__dirname, '..', '..', 'assets', 'query-function');

/** An image with this package's own handler and a folder of queries. */
export interface QueryImage extends FunctionImage, CheckedQueries {
  /** Why DuckDB did not parse the SQL, if the user may expect it to. */
  readonly whyNotParsed?: string;
}

/**
 * The image that is built from a folder of queries when the stack is deployed.
 *
 * If CDK does not synthesise the stack, only the text of the files is checked.
 */
export function queryImage(scope: Construct, queries: string, options: DuckDbOptions, architecture: Architecture, at: string): QueryImage {
  const folder = resolveQueryFolder(scope, queries, at);
  const image = resolveImage(options, architecture, undefined, at);
  const isBuilt = Stack.of(scope).bundlingRequired;
  const client = isBuilt ? localClient(folder, image) : {};
  const databases = [...new Set(['default', ...Object.keys(options.databases ?? {})])];
  const checked = checkQueries(scope.node.root, folder, client.folder, databases, at);
  const staged = isBuilt ? stageImage(image, queryHandler(folder, checked)) : stagePlaceholder();
  return {
    ...staged,
    ...checked,
    nodeApiVersion: image.nodeApiVersion,
    duckdbVersion: image.duckdbVersion,
    extensions: image.extensions,
    whyNotParsed: checked.isParsed ? undefined : client.reason ?? (client.folder && `${CLIENT}, as ${client.folder} has it, cannot be loaded`),
  };
}

/** The handler of all query functions. Its bytes are the same in each: the queries are files beside it. */
function queryHandler(folder: string, { queries }: CheckedQueries): ImageHandler {
  return {
    command: 'index.handler',
    sections: ['queries'],
    stage: (context) => {
      copyFile(path.join(ASSETS, 'index.mjs'), path.join(context, 'handler', 'index.mjs'));
      queries.forEach(({ file }) => copyFile(path.join(folder, file), path.join(context, 'queries', file)));
    },
  };
}

/** Warns of SQL that only the function itself will parse. */
export function warnOfUnparsedQueries(fn: IConstruct, { whyNotParsed }: QueryImage): void {
  if (whyNotParsed === undefined) return;
  Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:queries', `DuckDB has not parsed the queries, so a syntax error appears when the function runs: ${whyNotParsed}`);
}
