import { Duration, Stack, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct, IConstruct } from 'constructs';
import { warnOfMissingStatements } from './aws/immutable-role';
import { allowToAnyHost, ownsSecurityGroup } from './aws/network-access';
import { checkedConfig, checkSteps } from './bootstrap/bootstrap-config';
import { IBootstrapStep } from './bootstrap/bootstrap-step';
import { BootstrapMetricOptions } from './bootstrap-metric-options';
import { BootstrapMode } from './bootstrap-mode';
import { checkBundling } from './checks/bundling-props';
import { checkSettings, warnOfUnknownSettings } from './checks/duckdb-settings';
import { expectFlags, expectList, expectObject, expectOneOf, expectProps, expectText, expectTexts, PropNames } from './checks/expect';
import { checkLimits, warnOfLimits } from './checks/function-limits';
import { checkFunctionProps } from './checks/function-props';
import { expectInheritedProps } from './checks/inherited-props';
import { DuckDbFunctionProps } from './duckdb-function-props';
import { IDuckDbFunction } from './duckdb-host';
import { ExtensionRepository } from './extension-repository';
import { findProject, resolveEntry } from './handler/handler-project';
import { ImageProps, stageImage, stagePlaceholder } from './image/bundling';
import { DEFAULT_NODE_API_VERSION, duckdbPlatform, duckdbVersionOf, resolveNodeApiVersion } from './image/duckdb-version';
import { resolveExtensions } from './image/extension-names';
import { refuseWhatImagesLack } from './image/image-function-options';
import { checkImageReference } from './image/image-reference';
import { LockFile } from './image/lock-file';
import { FunctionImage, prebuiltImage } from './image/prebuilt-image';
import { warnOfUntestedClient } from './image/untested-client';
import { RequiredEndpoint } from './required-endpoint';
import { resolveDatabases } from './runtime/database-config';
import { checkEnvironmentSize, DatabaseConfig, RuntimeConfig, RUNTIME_CONFIG_VARIABLE, StepConfig } from './runtime/runtime-config';
import { checkStep, runtimeMetric } from './runtime/runtime-metrics';
import { checkCatalogs, checkStepNames } from './runtime/step-names';

const DEFAULT_BASE_IMAGE = 'public.ecr.aws/lambda/nodejs:24';
const DEFAULT_ARCHITECTURE = lambda.Architecture.ARM_64;
const DEFAULT_MEMORY_MB = 1769;
const DEFAULT_TIMEOUT = Duration.seconds(30);

const ENDPOINT: PropNames<RequiredEndpoint> = { service: true, region: true };

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
    checkFunctionProps(props, at);
    refuseWhatImagesLack(props, at);
    checkSteps(bootstrap, at);
    checkStepNames(bootstrap, at);
    expectOneOf(bootstrapMode, `${at} has the bootstrapMode`, 'BootstrapMode', BootstrapMode);
    expectFlags({ verifyExtensionsAtRuntime, metrics }, at);
    checkLimits(props, at);
    checkSettings(settings ?? {}, at);
    const steps = bootstrap.map(({ name }) => name);
    const resolvedDatabases = resolveDatabases(databases, steps, at);

    const image = code !== undefined ? prebuiltImage(code, props, at) : builtImage(scope, props, at);
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
    warnOfLimits(this, props);
    warnOfUnknownSettings(this, settings ?? {}, this.duckdbVersion);
    warnOfUntestedClient(this, image.nodeApiVersion);
  }

  /**
   * The role that the function runs with; for the `bind` of bootstrap steps.
   */
  public get executionRole(): iam.IRole | undefined {
    return this.role;
  }

  /**
   * Whether the function is in a VPC; for the `bind` of bootstrap steps.
   */
  public get isInVpc(): boolean {
    return this.isBoundToVpc;
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
    expectProps(endpoint, `${this.node.path} is told of an endpoint, which`, 'addRequiredEndpoint({ service: \'dynamodb\' })', ENDPOINT);
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
    expectInheritedProps(options, { step: true }, ['aws-cloudwatch/lib/metric.d.ts'], `metricBootstrapDuration of ${this.node.path}`);
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
  const { nodeApiVersion, duckdbVersion } = image;
  return { ...staged, nodeApiVersion, duckdbVersion, extensions: image.extensions.map(({ name }) => name) };
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
  checkBundling(bundling, at);
  for (const [prop, example] of [['nodeModules', 'sharp'], ['externalModules', '@aws-sdk/*']] as const) {
    if (bundling?.[prop] !== undefined) expectTexts(bundling[prop], `${at} has in bundling.${prop}`, example);
  }
}
