import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { allowToAnyHost, ownsSecurityGroup } from './aws/network-access';
import { checkSteps } from './bootstrap/bootstrap-config';
import { BootstrapMode } from './bootstrap-mode';
import { checkDebugVariable } from './checks/debug-variable';
import { checkSettings, warnOfUnknownSettings } from './checks/duckdb-settings';
import { expectFlags, expectOneOf, expectProps, expectText, PropNames } from './checks/expect';
import { checkLimits, warnOfLimits } from './checks/function-limits';
import { expectInheritedProps, METRIC_OPTIONS } from './checks/inherited-props';
import { DuckDbAlarmOptions } from './duckdb-alarm-options';
import { DuckDbFunctionOptions } from './duckdb-function-options';
import { IDuckDbFunction, IDuckDbHost } from './duckdb-host';
import { BootstrapMetricOptions, ErrorMetricOptions } from './duckdb-metric-options';
import { FunctionImage } from './image/function-image';
import { refuseWhatImagesLack } from './image/image-function-options';
import { warnOfUntestedClient } from './image/untested-client';
import { functionAlarms } from './observe/alarms';
import { functionWidgets } from './observe/widgets';
import { RequiredEndpoint } from './required-endpoint';
import { bindSteps } from './runtime/bound-steps';
import { resolveDatabases } from './runtime/database-config';
import { checkHiddenData } from './runtime/hidden-data';
import { checkLakes } from './runtime/lake-steps';
import { AnswersConfig, runtimeConfig, tellRuntime } from './runtime/runtime-config';
import { checkStep, RuntimeDimensions, runtimeMetric } from './runtime/runtime-metrics';
import { checkCatalogs, checkStepNames } from './runtime/step-names';

const DEFAULT_ARCHITECTURE = lambda.Architecture.ARM_64;
const DEFAULT_MEMORY_MB = 1769;
const DEFAULT_TIMEOUT = Duration.seconds(30);

const ENDPOINT: PropNames<RequiredEndpoint> = { service: true, region: true };

/** Each query holds a thread of Node.js's pool until it settles. With the pool's usual 4 threads, a few queries would block DNS and file reads. */
const DEFAULT_ENVIRONMENT = { UV_THREADPOOL_SIZE: '16' };

/**
 * A Lambda function with DuckDB, whatever its handler. A class that extends it only supplies the image.
 *
 * It is not exported, so jsii adds its members to the classes that extend it.
 *
 * @internal
 */
export abstract class DuckDbFunctionBase extends lambda.DockerImageFunction implements IDuckDbFunction, IDuckDbHost {
  /** DuckDB's version in the image, such as `1.5.5`; undefined for a prebuilt image, whose version is not known. */
  public readonly duckdbVersion?: string;

  /** DuckDB's names of the extensions that the steps and the prop `extensions` require, each after its dependencies. */
  public readonly extensions: string[];

  /** The names of the bootstrap steps, in order. */
  public readonly steps: string[];

  private readonly endpoints = new Map<string, RequiredEndpoint>();
  private readonly functionOptions: lambda.FunctionOptions;
  private readonly hasMetrics: boolean;

  /**
   * @param makeImage called after the options are checked
   * @param answers   how the function answers, if it answers with queries
   */
  constructor(
    scope: Construct, id: string, options: DuckDbFunctionOptions,
    makeImage: (architecture: lambda.Architecture) => FunctionImage, answers?: AnswersConfig,
  ) {
    const {
      bootstrap = [], bootstrapMode, databases: declaredDatabases = {}, extensions, extensionRepository, lockFile, nodeApiVersion,
      verifyExtensionsAtRuntime, metrics, settings, baseImage, buildImage, imageBuild, ...functionOptions
    } = options;
    const at = `${scope.node.path}/${id}`;
    checkOptions(options, at);
    const steps = bootstrap.map(({ name }) => name);
    const databases = resolveDatabases(declaredDatabases, steps, at);
    const architecture = options.architecture ?? DEFAULT_ARCHITECTURE;
    const image = makeImage(architecture);
    const environment = { ...DEFAULT_ENVIRONMENT, ...image.environment, ...options.environment };

    super(scope, id, {
      ...functionOptions,
      ...(ownsSecurityGroup(options) && { allowAllOutbound: false }),
      architecture,
      memorySize: options.memorySize ?? DEFAULT_MEMORY_MB,
      timeout: options.timeout ?? DEFAULT_TIMEOUT,
      environment,
      code: image.code,
    });
    image.cleanUp?.();

    this.duckdbVersion = image.duckdbVersion;
    this.extensions = image.extensions.map(({ name }) => name);
    this.steps = steps;
    this.functionOptions = functionOptions;
    this.hasMetrics = metrics ?? false;
    this.allowToAnyHost(ec2.Port.HTTPS, 'AWS and other services');
    const boundSteps = bindSteps(this, bootstrap);
    checkCatalogs(boundSteps, databases, at);
    checkLakes(boundSteps, at);
    checkHiddenData(boundSteps, databases, at);
    const loaded = image.extensions.filter(({ loadedByStep }) => !loadedByStep).map(({ name }) => name);
    tellRuntime(this, runtimeConfig({ options, extensions: loaded, steps: boundSteps, databases, timeout: this.timeout, answers }), environment);
    warnOfLimits(this, options);
    warnOfUnknownSettings(this, settings ?? {}, this.duckdbVersion);
    warnOfUntestedClient(this, image.nodeApiVersion);
  }

  /**
   * The function's execution role. For the `bind` of bootstrap steps.
   */
  public get executionRole(): iam.IRole | undefined {
    return this.role;
  }

  /**
   * Whether the function is in a VPC. For the `bind` of bootstrap steps.
   */
  public get isInVpc(): boolean {
    return this.isBoundToVpc;
  }

  /**
   * The AWS services that the bootstrap steps call. In subnets without access to the internet, each service needs a VPC endpoint.
   */
  public get requiredEndpoints(): RequiredEndpoint[] {
    return [...this.endpoints.values()];
  }

  /**
   * Records that the function calls an AWS service. For the `bind` of bootstrap steps.
   *
   * @param endpoint the service
   */
  public addRequiredEndpoint(endpoint: RequiredEndpoint): void {
    expectProps(endpoint, `the required endpoint of ${this.node.path}`, 'addRequiredEndpoint({ service: \'dynamodb\' })', ENDPOINT);
    const { service, region } = endpoint;
    expectText(service, `the required endpoint of ${this.node.path} has the service`, 'dynamodb');
    this.endpoints.set(`${service} ${region}`, { service, ...(region !== undefined && { region }) });
  }

  /**
   * Milliseconds that DuckDB adds to a cold start, from opening it to the end of the first query. Needs `metrics: true`.
   *
   * @default - the average over 5 minutes
   */
  public metricColdStartDuration(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this._runtimeMetric('ColdStartDuration', { statistic: cloudwatch.Stats.AVERAGE, ...options });
  }

  /**
   * Milliseconds that a bootstrap step takes to run. Covers all steps, unless `options.step` names one. Needs `metrics: true`.
   *
   * @default - the average over 5 minutes
   */
  public metricBootstrapDuration(options: BootstrapMetricOptions = {}): cloudwatch.Metric {
    expectInheritedProps(options, { step: true }, METRIC_OPTIONS, `metricBootstrapDuration of ${this.node.path}`);
    const { step, ...metricOptions } = options;
    if (step !== undefined) checkStep(step, this.steps, this);
    return this._runtimeMetric('BootstrapDuration', { statistic: cloudwatch.Stats.AVERAGE, ...metricOptions }, { Step: step });
  }

  /**
   * Milliseconds that a query takes. Needs `metrics: true`.
   *
   * @default - the average over 5 minutes
   */
  public metricQueryDuration(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this._runtimeMetric('QueryDuration', { statistic: cloudwatch.Stats.AVERAGE, ...options });
  }

  /**
   * Rows that queries return. Needs `metrics: true`.
   *
   * @default - the sum over 5 minutes
   */
  public metricRows(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this._runtimeMetric('Rows', { statistic: cloudwatch.Stats.SUM, ...options });
  }

  /**
   * The most bytes that a query was seen to use in DuckDB's temporary directory. Needs `metrics: true`.
   *
   * @default - the maximum over 5 minutes
   */
  public metricSpillBytes(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this._runtimeMetric('SpillBytes', { statistic: cloudwatch.Stats.MAXIMUM, ...options });
  }

  /**
   * Bytes of memory that the function's process uses at the end of an invocation. Needs `metrics: true`.
   *
   * @default - the maximum over 5 minutes
   */
  public metricMemoryBytes(options: cloudwatch.MetricOptions = {}): cloudwatch.Metric {
    return this._runtimeMetric('MemoryBytes', { statistic: cloudwatch.Stats.MAXIMUM, ...options });
  }

  /**
   * Opens a port to any host, if the function is in a VPC and this library manages its security group. For the `bind` of bootstrap steps.
   *
   * @param port        the port
   * @param description what the port is for, as the rule's description
   */
  public allowToAnyHost(port: ec2.Port, description: string): void {
    if (ownsSecurityGroup(this.functionOptions)) allowToAnyHost(this, this.functionOptions, port, description);
  }

  /**
   * The number of errors of the runtime, such as failed queries. Covers all codes, unless `options.code` names one. Needs `metrics: true`.
   *
   * Lambda's own `metricErrors` counts invocations that failed for whatever reason.
   *
   * @default - the sum over 5 minutes
   */
  public metricDuckDbErrors(options: ErrorMetricOptions = {}): cloudwatch.Metric {
    expectInheritedProps(options, { code: true }, METRIC_OPTIONS, `metricDuckDbErrors of ${this.node.path}`);
    const { code, ...metricOptions } = options;
    if (code !== undefined) expectText(code, `metricDuckDbErrors of ${this.node.path} has the code`, 'TIMEOUT');
    return this._runtimeMetric('DuckDbErrors', { statistic: cloudwatch.Stats.SUM, ...metricOptions }, { Code: code });
  }

  /**
   * Widgets for a dashboard: invocations, durations, errors by code, cold starts, bootstrap steps, queries, rows, memory and spill. Needs
   * `metrics: true`.
   *
   * @example
   * declare const fn: DuckDbFunction;
   * const dashboard = new cloudwatch.Dashboard(this, 'Dashboard');
   * for (const widget of fn.dashboardWidgets()) {
   *   dashboard.addWidgets(widget);
   * }
   */
  public dashboardWidgets(): cloudwatch.IWidget[] {
    return functionWidgets(this, this.steps, this._queryMetrics());
  }

  /**
   * Alarms on errors, throttles, and durations, memory and spill that come close to the function's limits. Needs `metrics: true`.
   *
   * @param options their thresholds and actions
   */
  public createAlarms(options: DuckDbAlarmOptions = {}): cloudwatch.Alarm[] {
    return functionAlarms(this, options);
  }

  /**
   * The durations of queries, each with a label.
   *
   * @internal
   */
  protected _queryMetrics(): cloudwatch.Metric[] {
    return ['p50', 'p99'].map((statistic) => this.metricQueryDuration({ statistic, label: statistic }));
  }

  /**
   * A metric of the runtime.
   *
   * @internal
   */
  protected _runtimeMetric(metricName: string, options: cloudwatch.MetricOptions, dimensions: RuntimeDimensions = {}): cloudwatch.Metric {
    if (!this.hasMetrics) {
      throw new Error(`${this.node.path} has no metric ${metricName}: its metrics are off; turn them on with the prop metrics: true`);
    }
    return runtimeMetric(this, metricName, options, dimensions);
  }
}

/** Refuses options that contradict each other, that DuckDB cannot run with, or that a function with an image cannot have. */
function checkOptions(options: DuckDbFunctionOptions, at: string): void {
  const { bootstrap = [], bootstrapMode, verifyExtensionsAtRuntime, metrics, settings } = options;
  refuseWhatImagesLack(options, at);
  checkSteps(bootstrap, at);
  checkStepNames(bootstrap, at);
  expectOneOf(bootstrapMode, `${at} has the bootstrapMode`, 'BootstrapMode', BootstrapMode);
  expectFlags({ verifyExtensionsAtRuntime, metrics }, at);
  checkDebugVariable(options.environment ?? {}, at);
  checkLimits(options, at);
  checkSettings(settings ?? {}, at);
}
