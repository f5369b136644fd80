import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { checkBuildArgs } from './build-args';
import { DEFAULT_NODE_API_VERSION, duckdbPlatform, duckdbVersionOf, resolveNodeApiVersion } from './duckdb-version';
import { ResolvedExtension, resolveExtensions } from './extension-names';
import { checkImageReference } from './image-reference';
import { LockFile } from './lock-file';
import { expectList, expectLiterals, expectObject } from '../checks/expect';
import { checkImageBuild } from '../checks/image-build';
import { DuckDbOptions } from '../duckdb-options';
import { ExtensionRepository } from '../extension-repository';
import { DuckDbImageBuildOptions } from '../image-build-options';

const DEFAULT_BASE_IMAGE = 'public.ecr.aws/lambda/nodejs:24';

/** The contents of an image, except for the handler. Everything is resolved and validated. */
export interface ResolvedImage {
  readonly nodeApiVersion: string;
  readonly duckdbVersion: string;
  /** DuckDB's name of the target platform: `linux_arm64` or `linux_amd64`. */
  readonly platform: string;
  /** Each extension comes after its dependencies. */
  readonly extensions: ResolvedExtension[];
  readonly extensionRepository: ExtensionRepository;
  readonly lock?: LockFile;
  readonly baseImage: string;
  readonly buildImage: string;
  readonly imageBuild: DuckDbImageBuildOptions;
}

/** The handler's project, which may also have DuckDB's client. */
export interface ClientProject {
  /** The handler's source file, absolute. */
  readonly entry: string;
  /** The lock file of the project, if it has one. */
  readonly lockFile?: string;
}

/**
 * Fills in the image's defaults. Throws if options contradict each other, or the project.
 *
 * @param project undefined if the handler is not the user's
 */
export function resolveImage(options: DuckDbOptions, architecture: Architecture, project: ClientProject | undefined, at: string): ResolvedImage {
  checkOptions(options, at);
  const lock = options.lockFile === undefined ? undefined : new LockFile(options.lockFile);
  const nodeApiVersion = resolveNodeApiVersion({ nodeApiVersion: options.nodeApiVersion, ...project, pinned: lock?.nodeApiVersion });
  const duckdbVersion = duckdbVersionOf(nodeApiVersion);
  const platform = duckdbPlatform(architecture);

  const extensionRepository = options.extensionRepository ?? ExtensionRepository.core();
  const asked = [...(options.bootstrap ?? []).flatMap((step) => step.extensions), ...options.extensions ?? []];
  const extensions = resolveExtensions(asked, extensionRepository, duckdbVersion);
  const names = extensions.map(({ name }) => name);
  lock?.expectExtensions(names, platform);
  extensionRepository._expect(names, duckdbVersion, platform);

  const baseImage = (lock ? lock.pinBaseImage(options.baseImage) : options.baseImage) ?? DEFAULT_BASE_IMAGE;
  return {
    nodeApiVersion,
    duckdbVersion,
    platform,
    extensions,
    extensionRepository,
    lock,
    baseImage,
    buildImage: options.buildImage ?? baseImage,
    imageBuild: options.imageBuild ?? {},
  };
}

function checkOptions(options: DuckDbOptions, at: string): void {
  const { lockFile, nodeApiVersion, baseImage, buildImage, extensions, extensionRepository, imageBuild } = options;
  expectLiterals({
    lockFile: [lockFile, 'duckdb.lock.json'],
    nodeApiVersion: [nodeApiVersion, DEFAULT_NODE_API_VERSION],
    baseImage: [baseImage, DEFAULT_BASE_IMAGE],
    buildImage: [buildImage, DEFAULT_BASE_IMAGE],
  }, at);
  checkImageReference(baseImage, `${at} has the baseImage`);
  checkImageReference(buildImage, `${at} has the buildImage`);
  if (extensions !== undefined) expectList(extensions, `${at} has as extensions`, '[DuckDbExtension.core(\'spatial\')]');
  if (extensionRepository !== undefined) {
    expectObject(extensionRepository, '_source', `${at} has the extensionRepository`, 'an ExtensionRepository such as ExtensionRepository.fromUrl(url)');
  }
  checkImageBuild(imageBuild, at);
  checkBuildArgs(imageBuild?.buildArgs ?? {});
}
