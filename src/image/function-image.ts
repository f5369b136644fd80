import { DockerImageCode } from 'aws-cdk-lib/aws-lambda';

/** What a function runs, and what of it is known. */
export interface FunctionImage {
  readonly code: DockerImageCode;
  /** DuckDB's version in it; undefined where somebody else has built it. */
  readonly duckdbVersion?: string;
  /** DuckDB's names of the extensions to load, each after those that it depends on. */
  readonly extensions: string[];
  /** Variables that the image does not bring itself. */
  readonly environment?: { [name: string]: string };
  /** Removes what was staged for it. */
  cleanUp?(): void;
}
