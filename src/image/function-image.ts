import { DockerImageCode } from 'aws-cdk-lib/aws-lambda';
import { ResolvedExtension } from './extension-names';

/** What a function runs, and what of it is known. */
export interface FunctionImage {
  readonly code: DockerImageCode;
  /** The version of `@duckdb/node-api` in it; undefined where somebody else has built it. */
  readonly nodeApiVersion?: string;
  /** DuckDB's version in it; undefined where somebody else has built it. */
  readonly duckdbVersion?: string;
  /** The extensions that it holds, each after those that it depends on. */
  readonly extensions: ResolvedExtension[];
  /** Variables that the image does not bring itself. */
  readonly environment?: { [name: string]: string };
  /** Removes what was staged for it. */
  cleanUp?(): void;
}
