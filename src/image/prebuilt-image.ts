import { DockerImageCode } from 'aws-cdk-lib/aws-lambda';
import { expectObject } from '../checks/expect';
import type { DuckDbFunctionProps } from '../duckdb-function-props';
import { resolveExtensions } from './extension-names';
import { FunctionImage } from './function-image';
import { ExtensionRepository } from '../extension-repository';

/** Props that decide what is in an image, each with the reason why a prebuilt image does not take it. */
const DECIDED_BY_THE_BUILD: { [prop in keyof DuckDbFunctionProps]?: string } = {
  entry: 'the image holds the handler',
  handler: 'name it with the image, as in DockerImageCode.fromEcr(repository, { cmd: [\'index.handler\'] })',
  extensions: 'the image holds them; queries LOAD extensions that no bootstrap step requires',
  extensionRepository: 'the image holds the extensions',
  lockFile: 'it pins what an image is built from',
  nodeApiVersion: 'the image holds DuckDB\'s client',
  baseImage: 'nothing is built',
  buildImage: 'nothing is built',
  imageBuild: 'nothing is built',
  projectRoot: 'nothing is bundled',
  depsLockFilePath: 'nothing is bundled',
  bundling: 'nothing is bundled',
};

/** The directory in which a prebuilt image must have its extensions. */
const EXTENSIONS_DIRECTORY = '/opt/duckdb_extensions';

/** A prebuilt image. Only the extensions of its steps are known. */
export function prebuiltImage(code: DockerImageCode, props: DuckDbFunctionProps, at: string): FunctionImage {
  expectObject(code, '_bind', `${at} has as code`,
    'a prebuilt image such as lambda.DockerImageCode.fromEcr(repository); a source file is named by the prop entry');
  for (const [prop, reason] of Object.entries(DECIDED_BY_THE_BUILD)) {
    if (props[prop as keyof DuckDbFunctionProps] !== undefined) {
      throw new Error(`${at} has the prop ${prop} beside code, a prebuilt image: ${reason}; remove one of them`);
    }
  }
  const asked = (props.bootstrap ?? []).flatMap((step) => step.extensions);
  return {
    code,
    extensions: resolveExtensions(asked, ExtensionRepository.core()),
    environment: { DUCKDB_EXTENSIONS_DIR: EXTENSIONS_DIRECTORY },
  };
}
