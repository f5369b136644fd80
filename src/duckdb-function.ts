import { Annotations, Duration, Stack, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct, IConstruct } from 'constructs';
import { BootstrapMode } from './bootstrap-mode';
import { IBootstrapStep } from './bootstrap-step';
import { ImageProps, stageImage, stagePlaceholder } from './bundling';
import { DuckDbBundlingOptions } from './bundling-options';
import { duckdbPlatform, duckdbVersionOf, resolveNodeApiVersion } from './duckdb-version';
import { DuckDbExtension } from './extension';
import { resolveExtensions } from './extension-names';
import { ExtensionRepository } from './extension-repository';
import { findProject, resolveEntry } from './handler-project';
import { LockFile } from './lock-file';
import { checkEnvironmentSize, RuntimeConfig, RUNTIME_CONFIG_VARIABLE, StepConfig } from './runtime-config';

/**
 * Properties of a `DuckDbFunction`.
 *
 * Options of every Lambda function have defaults of their own where DuckDB could not live in Lambda's:
 *
 * - `architecture` is ARM_64;
 * - `memorySize` is 1769 MB, from 256; DuckDB gets 70 % of what exceeds 200 MB, and a thread for each 1769 MB (one vCPU) begun;
 * - `timeout` is 30 seconds;
 * - `environment` has UV_THREADPOOL_SIZE 16.
 *
 * Options that an image cannot have, such as `layers`, are refused.
 */
export interface DuckDbFunctionProps extends lambda.FunctionOptions {
  /**
   * The handler's source file: `.ts`, `.tsx`, `.mts`, `.cts`, `.js`, `.mjs` or `.cjs`; absolute, or relative to the working directory.
   */
  readonly entry: string;

  /**
   * The name by which the entry exports the handler.
   *
   * @default 'handler'
   */
  readonly handler?: string;

  /**
   * What the function's DuckDB is connected to, in order; the names must be unique.
   *
   * @default - nothing: plain DuckDB
   */
  readonly bootstrap?: IBootstrapStep[];

  /**
   * When the bootstrap steps run.
   *
   * @default BootstrapMode.LAZY
   */
  readonly bootstrapMode?: BootstrapMode;

  /**
   * Extensions beyond those that the bootstrap steps bring.
   *
   * @default - none
   */
  readonly extensions?: DuckDbExtension[];

  /**
   * Where the image build takes the extensions from. Their signatures are verified wherever they come from.
   *
   * @default ExtensionRepository.core()
   */
  readonly extensionRepository?: ExtensionRepository;

  /**
   * A lock file that `npx duckdb-extensions lock` has written; the image is built from what it pins, or not at all.
   *
   * It pins the base image's digest, the integrity of DuckDB's client and the SHA-256 of the extensions. Without it
   * a name is a name: what a repository holds under it, if DuckDB has signed it.
   *
   * @default - nothing is pinned but versions
   */
  readonly lockFile?: string;

  /**
   * The exact version of `@duckdb/node-api` in the image, such as `1.5.5-r.5`; it decides the version of DuckDB and of the extensions.
   *
   * @default - the version in the lock file or the node_modules of the handler's project, else the version that this library is tested with
   */
  readonly nodeApiVersion?: string;

  /**
   * Whether DuckDB checks the signature of each extension again whenever it is loaded.
   *
   * The image build has verified the same signatures, and nothing can change the files afterwards; the
   * check hashes the whole file, tens of milliseconds of a cold start for each extension.
   *
   * @default false
   */
  readonly verifyExtensionsAtRuntime?: boolean;

  /**
   * DuckDB's settings, such as `{ threads: '2', memory_limit: '1GB' }`, before those that follow from the function's memory.
   *
   * @see https://duckdb.org/docs/stable/configuration/overview
   * @default - threads, memory, spill and directories follow from Lambda's environment
   */
  readonly settings?: { [name: string]: string };

  /**
   * The image that the function's image is built from; it must hold Lambda's Node.js runtime.
   *
   * @default - what the lock file pins, else 'public.ecr.aws/lambda/nodejs:24'
   */
  readonly baseImage?: string;

  /**
   * The image in which the build installs DuckDB and its extensions, for the platform of the building machine; it must hold Node.js and npm.
   *
   * @default - the same as baseImage
   */
  readonly buildImage?: string;

  /**
   * The root of the handler's project: the entry lies below it, and paths in the bundle are relative to it.
   *
   * @default - the folder of the lock file, else the nearest one above the entry with a package.json
   */
  readonly projectRoot?: string;

  /**
   * The lock file of the handler's project, of npm, yarn or pnpm.
   *
   * It says which version of DuckDB's client the project has, and pins `bundling.nodeModules`.
   *
   * @default - the nearest one above the entry
   */
  readonly depsLockFilePath?: string;

  /**
   * How the handler is bundled and the image is built.
   *
   * @default - no minification, no source map, Docker's default network
   */
  readonly bundling?: DuckDbBundlingOptions;
}

const DEFAULT_BASE_IMAGE = 'public.ecr.aws/lambda/nodejs:24';
const DEFAULT_ARCHITECTURE = lambda.Architecture.ARM_64;
const DEFAULT_MEMORY_MB = 1769;
const DEFAULT_TIMEOUT = Duration.seconds(30);

/** Each query holds a thread of Node.js's pool until it settles; with the pool's usual 4, a few would keep DNS and file reads waiting. */
const DEFAULT_ENVIRONMENT = { UV_THREADPOOL_SIZE: '16' };

/** Options of Lambda functions that functions from an image cannot have. */
const NOT_FOR_IMAGES: { [prop in keyof lambda.FunctionOptions]?: string } = {
  layers: 'an image holds its files itself; add them with a baseImage of your own',
  snapStart: 'Lambda has no SnapStart for images',
  paramsAndSecrets: 'it is a layer; the bootstrap steps fetch their secrets themselves',
  runtimeManagementMode: 'the runtime is part of the image; update the baseImage instead',
  codeSigningConfig: 'Lambda has no code signing for images',
};

/**
 * A Lambda function whose handler queries with DuckDB.
 *
 * Its image holds the bundled handler, DuckDB's Node.js client, the extensions that its bootstrap steps need
 * (their signatures verified when the image is built) and the runtime that the handler imports as
 * `cdk-duckdb-lambda/runtime`. The steps grant the function what they need.
 *
 * Synthesis needs neither Docker nor a network; the image is built when the stack is deployed.
 *
 * @example
 * declare const lake: s3.IBucket;
 *
 * new DuckDbFunction(this, 'Reports', {
 *   entry: 'src/reports.ts',
 *   bootstrap: [new S3Step({ buckets: [lake] })],
 * });
 */
export class DuckDbFunction extends lambda.DockerImageFunction {
  /** DuckDB's version in the image, such as `1.5.5`. */
  public readonly duckdbVersion: string;

  /** DuckDB's names of the extensions in the image, each after those that it depends on. */
  public readonly extensions: string[];

  constructor(scope: Construct, id: string, props: DuckDbFunctionProps) {
    const {
      entry, handler, bootstrap = [], bootstrapMode, extensions, extensionRepository, lockFile, nodeApiVersion, verifyExtensionsAtRuntime, settings,
      baseImage, buildImage, projectRoot, depsLockFilePath, bundling, ...functionOptions
    } = props;
    const at = `${scope.node.path}/${id}`;
    refuseWhatImagesLack(props, at);
    checkStepNames(bootstrap, at);
    checkMemory(props, at);
    checkSettings(settings ?? {}, at);

    const image = resolveImage(props, scope.node.root);
    const staged = Stack.of(scope).bundlingRequired ? stageImage(image) : stagePlaceholder();
    super(scope, id, {
      ...functionOptions,
      architecture: props.architecture ?? DEFAULT_ARCHITECTURE,
      memorySize: props.memorySize ?? DEFAULT_MEMORY_MB,
      timeout: props.timeout ?? DEFAULT_TIMEOUT,
      environment: { ...DEFAULT_ENVIRONMENT, ...props.environment },
      code: staged.code,
    });
    staged.cleanUp();

    this.duckdbVersion = image.duckdbVersion;
    this.extensions = image.extensions.map(({ name }) => name);
    const config: RuntimeConfig = {
      version: 1,
      // MotherDuck's extension may use the network when it is loaded: its step does that when it is needed.
      extensions: this.extensions.filter((name) => name !== 'motherduck'),
      steps: bootstrap.map((step): StepConfig => ({ name: step.name, ...step.bind(this) })),
      ...(bootstrapMode === BootstrapMode.EAGER && { mode: 'eager' }),
      ...(settings && { settings }),
      ...(verifyExtensionsAtRuntime && { verifyExtensions: true }),
    };
    checkEnvironmentSize(this, { ...DEFAULT_ENVIRONMENT, ...props.environment, [RUNTIME_CONFIG_VARIABLE]: JSON.stringify(config) });
    this.addEnvironment(RUNTIME_CONFIG_VARIABLE, Stack.of(this).toJsonString(config));
    this.warnOfTightLimits(props);
  }

  private warnOfTightLimits(props: DuckDbFunctionProps): void {
    if (props.memorySize !== undefined && !Token.isUnresolved(props.memorySize) && props.memorySize < 512) {
      Annotations.of(this).addWarningV2('cdk-duckdb-lambda:memorySize', `memorySize is ${props.memorySize} MB: `
        + 'DuckDB and Node.js take about 200 MB of it before the first query; 512 MB and more is advised');
    }
    if (props.timeout && !props.timeout.isUnresolved() && props.timeout.toSeconds() < 10) {
      Annotations.of(this).addWarningV2('cdk-duckdb-lambda:timeout', `timeout is ${props.timeout.toSeconds()} s: `
        + 'a cold start and a query over the network may take longer; 10 s and more is advised');
    }
  }
}

/** All that decides what is in the image, with the defaults filled in; what contradicts itself is refused. */
function resolveImage(props: DuckDbFunctionProps, app: IConstruct): ImageProps {
  const entry = resolveEntry(props.entry);
  const project = findProject(entry, props);
  const lock = props.lockFile === undefined ? undefined : new LockFile(props.lockFile);
  const nodeApiVersion = resolveNodeApiVersion({
    nodeApiVersion: props.nodeApiVersion, entry, lockFile: project.lockFile, pinned: lock?.nodeApiVersion,
  });
  const duckdbVersion = duckdbVersionOf(nodeApiVersion);
  const platform = duckdbPlatform(props.architecture ?? DEFAULT_ARCHITECTURE);

  const extensionRepository = props.extensionRepository ?? ExtensionRepository.core();
  const asked = [...(props.bootstrap ?? []).flatMap((step) => step.extensions), ...props.extensions ?? []];
  const extensions = resolveExtensions(asked, extensionRepository, duckdbVersion);
  const names = extensions.map(({ name }) => name);
  lock?.expectExtensions(names, platform);
  extensionRepository._expect(names, duckdbVersion, platform);

  for (const prop of ['baseImage', 'buildImage'] as const) {
    if (Token.isUnresolved(props[prop])) throw new Error(`${prop} is a CDK token: expected a literal, as the image is built before the stack is deployed`);
  }
  const baseImage = (lock ? lock.pinBaseImage(props.baseImage) : props.baseImage) ?? DEFAULT_BASE_IMAGE;
  return {
    app,
    entry,
    handler: props.handler ?? 'handler',
    projectRoot: project.root,
    depsLockFile: project.lockFile,
    nodeApiVersion,
    duckdbVersion,
    platform,
    extensions,
    extensionRepository,
    lock,
    baseImage,
    buildImage: props.buildImage ?? baseImage,
    bundling: props.bundling ?? {},
  };
}

function refuseWhatImagesLack(props: DuckDbFunctionProps, at: string): void {
  for (const [prop, reason] of Object.entries(NOT_FOR_IMAGES)) {
    if (props[prop as keyof DuckDbFunctionProps] !== undefined) {
      throw new Error(`${at} has the prop ${prop}, which a function from an image cannot have: ${reason}`);
    }
  }
  if (props.environment?.[RUNTIME_CONFIG_VARIABLE] !== undefined) {
    throw new Error(`${at} sets the environment variable ${RUNTIME_CONFIG_VARIABLE}, which holds what the construct tells the runtime: remove it`);
  }
}

function checkStepNames(steps: IBootstrapStep[], at: string): void {
  const seen = new Set<string>();
  for (const { name } of steps) {
    if (!/^[A-Za-z][\w-]*$/.test(name)) {
      throw new Error(`${at} has a bootstrap step named "${name}": expected a letter, followed by letters, digits, "-" or "_"`);
    }
    if (seen.has(name)) {
      throw new Error(`${at} has two bootstrap steps named "${name}": give one of them another name, as in new S3Step({ name: 'archive', … })`);
    }
    seen.add(name);
  }
}

function checkMemory({ memorySize }: DuckDbFunctionProps, at: string): void {
  if (memorySize !== undefined && !Token.isUnresolved(memorySize) && memorySize < 256) {
    throw new Error(`${at} has a memorySize of ${memorySize} MB, in which DuckDB cannot run: expected 256 or more; 1769 MB, the default, is one vCPU`);
  }
}

function checkSettings(settings: { [name: string]: string }, at: string): void {
  for (const name of Object.keys(settings)) {
    if (!/^\w+$/.test(name)) {
      throw new Error(`${at} has the setting "${name}", which is no name of a DuckDB setting: expected one such as "threads"`);
    }
    if (name.toLowerCase() === 'allow_unsigned_extensions') {
      throw new Error(`${at} has the setting allow_unsigned_extensions: extensions without DuckDB's signature are never loaded; remove it`);
    }
  }
}
