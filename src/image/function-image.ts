import { DockerImageCode } from 'aws-cdk-lib/aws-lambda';
import { ResolvedExtension } from './extension-names';

/** The image that a function runs, and what is known about it. */
export interface FunctionImage {
  readonly code: DockerImageCode;
  /** The version of `@duckdb/node-api` in the image; undefined for a prebuilt image. */
  readonly nodeApiVersion?: string;
  /** DuckDB's version in the image; undefined for a prebuilt image. */
  readonly duckdbVersion?: string;
  /** The extensions in the image, each after its dependencies. */
  readonly extensions: ResolvedExtension[];
  /** Environment variables that the image does not set itself. */
  readonly environment?: { [name: string]: string };
  /** Removes what was staged for the image. */
  cleanUp?(): void;
}
