import { Duration, Stack, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct, IConstruct } from 'constructs';
import { warnOfMissingStatements } from './aws/immutable-role';
import { allowToAnyHost, ownsSecurityGroup } from './aws/network-access';
import { IBootstrapStep } from './bootstrap/bootstrap-step';
import { resolveDatabases } from './bootstrap/database-config';
import { checkCatalogs, checkStepNames } from './bootstrap/step-names';
import { BootstrapMetricOptions } from './bootstrap-metric-options';
import { BootstrapMode } from './bootstrap-mode';
import { DuckDbBundlingOptions } from './bundling-options';
import { checkedConfig, checkSteps } from './checks/bootstrap-config';
import { checkSettings } from './checks/duckdb-settings';
import { expectFlags, expectList, expectObject, expectOneOf, expectProps, expectText, expectTexts } from './checks/expect';
import { checkMemory, warnOfTightLimits } from './checks/function-limits';
import { refuseWhatImagesLack } from './checks/image-function-options';
import { DuckDbDatabase } from './database';
import { IDuckDbFunction } from './duckdb-host';
import { DuckDbExtension } from './extension';
import { ExtensionRepository } from './extension-repository';
import { findProject, resolveEntry } from './handler/handler-project';
import { ImageProps, stageImage, stagePlaceholder } from './image/bundling';
import { DEFAULT_NODE_API_VERSION, duckdbPlatform, duckdbVersionOf, resolveNodeApiVersion } from './image/duckdb-version';
import { resolveExtensions } from './image/extension-names';
import { checkImageReference } from './image/image-reference';
import { LockFile } from './image/lock-file';
import { FunctionImage, prebuiltImage } from './image/prebuilt-image';
import { RequiredEndpoint } from './required-endpoint';
import { checkEnvironmentSize, DatabaseConfig, RuntimeConfig, RUNTIME_CONFIG_VARIABLE, StepConfig } from './runtime/runtime-config';
import { checkStep, runtimeMetric } from './runtime/runtime-metrics';

/**
 * Properties of a `DuckDbFunction`.
 *
 * Options of every Lambda function have defaults of their own where DuckDB could not live in Lambda's:
 *
 * - `architecture` is ARM_64;
 * - `memorySize` is 1769 MB, from 256; DuckDB gets 70 % of what exceeds 200 MB, and a thread for each 1769 MB (one vCPU) begun;
 * - `timeout` is 30 seconds;
 * - `environment` has UV_THREADPOOL_SIZE 16;
 * - in a VPC, `allowAllOutbound` is false: the security group that is made lets the function reach port 443 of any host, and what its
 *   bootstrap steps need. With `allowAllOutbound` or `securityGroups` it reaches what these say.
 *
 * Options that an image cannot have, such as `layers`, are refused.
 */
export interface DuckDbFunctionProps extends lambda.FunctionOptions {
  /**
   * The handler's source file: `.ts`, `.tsx`, `.mts`, `.cts`, `.js`, `.mjs` or `.cjs`; absolute, or relative to the working directory.
   *
   * @default - required, unless `code` is given
   */
  readonly entry?: string;

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
   * Logical databases beyond the one that is always there, `default`, by the names that handler code gives to
   * `cursor({ database: … })`; or `default` itself, where it shall not be in memory and use all steps.
   *
   * Each is an instance of DuckDB of its own; they share the function's memory.
   *
   * @default - `default` alone: in memory, with all bootstrap steps
   */
  readonly databases?: { [name: string]: DuckDbDatabase };

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
   * Whether the function writes metrics of cold starts, bootstrap steps and queries to its log, from which CloudWatch takes them.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
   * @default false
   */
  readonly metrics?: boolean;

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

  /**
   * A prebuilt image, such as `lambda.DockerImageCode.fromEcr(repository, { cmd: ['index.handler'] })`.
   *
   * It must be for the function's architecture and hold the extensions of the bootstrap steps in `/opt/duckdb_extensions`, as
   * `duckdb-extensions install` writes them, the handler and the runtime that it imports. Steps, grants and configuration apply as ever;
   * props that decide what is in an image are refused.
   *
   * @default - the image is built from `entry`
   */
  readonly code?: lambda.DockerImageCode;
}

const DEFAULT_BASE_IMAGE = 'public.ecr.aws/lambda/nodejs:24';
const DEFAULT_ARCHITECTURE = lambda.Architecture.ARM_64;
const DEFAULT_MEMORY_MB = 1769;
const DEFAULT_TIMEOUT = Duration.seconds(30);

/** Each query holds a thread of Node.js's pool until it settles; with the pool's usual 4, a few would keep DNS and file reads waiting. */
const DEFAULT_ENVIRONMENT = { UV_THREADPOOL_SIZE: '16' };

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
@propertyInjectable
export class DuckDbFunction extends lambda.DockerImageFunction implements IDuckDbFunction {
  /** Uniquely identifies this class, for property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-duckdb-lambda.DuckDbFunction';

  /** DuckDB's version in the image, such as `1.5.5`; undefined for a prebuilt image, which does not tell. */
  public readonly duckdbVersion?: string;

  /** DuckDB's names of the extensions that the steps and the prop `extensions` bring, each after those that it depends on. */
  public readonly extensions: string[];

  /** The names of the bootstrap steps, in order. */
  public readonly steps: string[];

  private readonly endpoints = new Map<string, RequiredEndpoint>();
  private readonly functionOptions: lambda.FunctionOptions;
  private readonly hasMetrics: boolean;

  constructor(scope: Construct, id: string, props: DuckDbFunctionProps) {
    const at = `${scope.node.path}/${id}`;
    expectProps(props, at, 'new DuckDbFunction(this, \'Reports\', { entry: \'src/reports.ts\' })');
    const {
      entry, handler, bootstrap = [], bootstrapMode, databases = {}, extensions, extensionRepository, lockFile, nodeApiVersion,
      verifyExtensionsAtRuntime, metrics, settings, baseImage, buildImage, projectRoot, depsLockFilePath, bundling, code, ...functionOptions
    } = props;
    refuseWhatImagesLack(props, at);
    checkSteps(bootstrap, at);
    checkStepNames(bootstrap, at);
    expectOneOf(bootstrapMode, `${at} has the bootstrapMode`, 'BootstrapMode', BootstrapMode);
    expectFlags({ verifyExtensionsAtRuntime, metrics }, at);
    checkMemory(props, at);
    checkSettings(settings ?? {}, at);
    const steps = bootstrap.map(({ name }) => name);
    const resolvedDatabases = resolveDatabases(databases, steps, at);

    const image = code ? prebuiltImage(code, props, at) : builtImage(scope, props, at);
    const environment = { ...DEFAULT_ENVIRONMENT, ...image.environment, ...props.environment };
    super(scope, id, {
      ...functionOptions,
      ...(ownsSecurityGroup(props) && { allowAllOutbound: false }),
      architecture: props.architecture ?? DEFAULT_ARCHITECTURE,
      memorySize: props.memorySize ?? DEFAULT_MEMORY_MB,
      timeout: props.timeout ?? DEFAULT_TIMEOUT,
      environment,
      code: image.code,
    });
    image.cleanUp?.();

    this.duckdbVersion = image.duckdbVersion;
    this.extensions = image.extensions;
    this.steps = steps;
    this.functionOptions = functionOptions;
    this.hasMetrics = metrics ?? false;
    this.allowToAnyHost(ec2.Port.HTTPS, 'AWS and other services');
    const boundSteps = this.bind(bootstrap);
    checkCatalogs(boundSteps, resolvedDatabases, at);
    this.tellRuntime(this.runtimeConfig(props, boundSteps, resolvedDatabases), environment);
    warnOfTightLimits(this, props);
  }

  /**
   * The services of AWS that the bootstrap steps call. In subnets without a way to the internet each needs a VPC endpoint.
   */
  public get requiredEndpoints(): RequiredEndpoint[] {
    return [...this.endpoints.values()];
  }

  /**
   * Notes that the function calls a service of AWS; for the `bind` of bootstrap steps.
   *
   * @param endpoint the service
   */
  public addRequiredEndpoint(endpoint: RequiredEndpoint): void {
    const { service, region } = endpoint;
    expectText(service, `${this.node.path} is told of an endpoint of the service`, 'dynamodb');
    this.endpoints.set(`${service} ${region}`, { service, ...(region !== undefined && { region }) });
  }

  /**
   * Milliseconds that DuckDB adds to a cold start, from opening it to the end of the first query. Needs `metrics: true`.
   *
   * @default - the average over 5 minutes
   */
  public metricColdStartDuration(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.runtimeMetric('ColdStartDuration', { statistic: cloudwatch.Stats.AVERAGE, ...options });
  }

  /**
   * Milliseconds that a run of a bootstrap step takes; of all steps, unless `options` name one. Needs `metrics: true`.
   *
   * @default - the average over 5 minutes
   */
  public metricBootstrapDuration(options: BootstrapMetricOptions = {}): cloudwatch.Metric {
    const { step, ...metricOptions } = options;
    if (step !== undefined) checkStep(step, this.steps, this);
    return this.runtimeMetric('BootstrapDuration', { statistic: cloudwatch.Stats.AVERAGE, ...metricOptions }, step);
  }

  /**
   * Milliseconds that a query takes. Needs `metrics: true`.
   *
   * @default - the average over 5 minutes
   */
  public metricQueryDuration(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.runtimeMetric('QueryDuration', { statistic: cloudwatch.Stats.AVERAGE, ...options });
  }

  /**
   * Rows that queries return. Needs `metrics: true`.
   *
   * @default - the sum over 5 minutes
   */
  public metricRows(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.runtimeMetric('Rows', { statistic: cloudwatch.Stats.SUM, ...options });
  }

  /**
   * The most bytes that a query was seen to have in DuckDB's temporary directory. Needs `metrics: true`.
   *
   * @default - the maximum over 5 minutes
   */
  public metricSpillBytes(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.runtimeMetric('SpillBytes', { statistic: cloudwatch.Stats.MAXIMUM, ...options });
  }

  /**
   * Bytes of memory that the function's process holds, at the end of an invocation. Needs `metrics: true`.
   *
   * @default - the maximum over 5 minutes
   */
  public metricMemoryBytes(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this.runtimeMetric('MemoryBytes', { statistic: cloudwatch.Stats.MAXIMUM, ...options });
  }

  /**
   * Opens a port of any host, where the function is in a VPC and its security group is left to this library; for the `bind` of bootstrap steps.
   *
   * @param port        the port
   * @param description what is reached by it, for the rule
   */
  public allowToAnyHost(port: ec2.Port, description: string): void {
    if (ownsSecurityGroup(this.functionOptions)) allowToAnyHost(this, this.functionOptions, port, description);
  }

  private bind(steps: IBootstrapStep[]): StepConfig[] {
    return warnOfMissingStatements(this, this.role!, () => steps.map((step) => (
      { name: step.name, ...checkedConfig(step.name, step.bind(this), this.node.path) }
    )));
  }

  private runtimeConfig(props: DuckDbFunctionProps, steps: StepConfig[], databases: { [name: string]: DatabaseConfig }): RuntimeConfig {
    const { bootstrapMode, settings, verifyExtensionsAtRuntime, metrics } = props;
    return {
      version: 1,
      // MotherDuck's extension may use the network when it is loaded: its step does that when it is needed.
      extensions: this.extensions.filter((name) => name !== 'motherduck'),
      steps,
      ...(bootstrapMode === BootstrapMode.EAGER && { mode: 'eager' }),
      ...(settings && { settings }),
      ...(verifyExtensionsAtRuntime && { verifyExtensions: true }),
      ...(Object.keys(databases).length > 0 && { databases }),
      ...(metrics && { metrics: true }),
      // A token becomes a number when the stack is deployed.
      ...(this.timeout && { timeoutSeconds: this.timeout.toSeconds() }),
    };
  }

  private tellRuntime(config: RuntimeConfig, environment: { [name: string]: string }): void {
    checkEnvironmentSize(this, { ...environment, [RUNTIME_CONFIG_VARIABLE]: JSON.stringify(config) });
    this.addEnvironment(RUNTIME_CONFIG_VARIABLE, Stack.of(this).toJsonString(config));
  }

  private runtimeMetric(metricName: string, options: cloudwatch.MetricOptions, step?: string): cloudwatch.Metric {
    if (!this.hasMetrics) {
      throw new Error(`${this.node.path} has no metric ${metricName}: its metrics are off; turn them on with the prop metrics: true`);
    }
    return runtimeMetric(this, metricName, options, step);
  }
}

/** The image that is built from the entry when the stack is deployed. */
function builtImage(scope: Construct, props: DuckDbFunctionProps, at: string): FunctionImage {
  const image = resolveImage(props, scope.node.root, at);
  const staged = Stack.of(scope).bundlingRequired ? stageImage(image) : stagePlaceholder();
  return { ...staged, duckdbVersion: image.duckdbVersion, extensions: image.extensions.map(({ name }) => name) };
}

/** All that decides what is in the image, with the defaults filled in; what contradicts itself is refused. */
function resolveImage(props: DuckDbFunctionProps, app: IConstruct, at: string): ImageProps {
  checkTexts(props, at);
  checkLists(props, at);
  if (props.entry === undefined) {
    throw new Error(`${at} has neither entry nor code: name the handler's source file, as in entry: 'src/reports.ts', or a prebuilt image, `
      + 'as in code: lambda.DockerImageCode.fromEcr(repository)');
  }
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

/** Props that decide what is in the image, each with an example. */
const TEXTS = {
  entry: 'src/reports.ts',
  handler: 'handler',
  lockFile: 'duckdb.lock.json',
  nodeApiVersion: DEFAULT_NODE_API_VERSION,
  baseImage: DEFAULT_BASE_IMAGE,
  buildImage: DEFAULT_BASE_IMAGE,
  projectRoot: '.',
  depsLockFilePath: 'package-lock.json',
} as const;

function checkTexts(props: DuckDbFunctionProps, at: string): void {
  for (const [prop, example] of Object.entries(TEXTS) as [keyof typeof TEXTS, string][]) {
    const value = props[prop];
    if (value === undefined) continue;
    if (Token.isUnresolved(value)) throw new Error(`${prop} is a CDK token: expected a literal, as the image is built before the stack is deployed`);
    expectText(value, `${at} has the ${prop}`, example);
  }
  for (const prop of ['baseImage', 'buildImage'] as const) checkImageReference(props[prop], `${at} has the ${prop}`);
}

function checkLists({ extensions, extensionRepository, bundling }: DuckDbFunctionProps, at: string): void {
  if (extensions !== undefined) expectList(extensions, `${at} has as extensions`, '[DuckDbExtension.core(\'spatial\')]');
  if (extensionRepository !== undefined) {
    expectObject(extensionRepository, '_source', `${at} has the extensionRepository`, 'an ExtensionRepository such as ExtensionRepository.fromUrl(url)');
  }
  for (const [prop, example] of [['nodeModules', 'sharp'], ['externalModules', '@aws-sdk/*']] as const) {
    if (bundling?.[prop] !== undefined) expectTexts(bundling[prop], `${at} has in bundling.${prop}`, example);
  }
}
