import { Annotations, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { expectKnownProps, expectObject, expectOptions, expectProps, PropNames, shown } from './checks/expect';
import { DuckDbMapBatch, DuckDbMapProps } from './duckdb-map-props';
import { DuckDbMapWorker } from './duckdb-map-worker';
import { Invocation, invokeState } from './map/invocation';
import { itemParams } from './map/item-params';
import { ItemSource } from './map/item-source';
import { MapMachine } from './map/map-machine';
import { MapResults } from './map/map-results';
import { MapState } from './map/map-state';
import { declares, expectDeclared, rendered } from './map/params';
import { expectSameRegion, otherAccount } from './map/same-place';

const PROPS: PropNames<DuckDbMapProps> = {
  items: true,
  worker: true,
  reducer: true,
  results: true,
  batch: true,
  maxConcurrency: true,
  toleratedFailurePercentage: true,
  toleratedFailureCount: true,
  label: true,
};
const BATCH: PropNames<DuckDbMapBatch> = { maxItems: true, maxBytes: true };

/** Limits of Step Functions. */
const MAX_CONCURRENCY = 10_000;
const MAX_BATCH_BYTES = 262_144;

/** The concurrency that Lambda allows a new account. */
const DEFAULT_CONCURRENCY = 1000;

/**
 * Processes many items at the same time, each in an invocation of a function, and combines the results of these workers into one result.
 *
 * It is a part of a state machine, built on the Distributed Map of Step Functions, which lists the items, runs and retries the workers, and records
 * failures. Put it into your own `StateMachine`, which must be of the type STANDARD and use JSONPath. Individual states of the machine may use
 * JSONata.
 *
 * Each worker writes its result to files, and then a manifest whose key depends only on the run and the item. A retried worker writes the same
 * manifest again, so nothing counts twice. The reducer reads the files that the manifests of its run name.
 * @example
 * declare const lake: s3.IBucket;
 * declare const sales: DuckDbQueryFunction;
 * declare const results: s3.IBucket;
 *
 * const totals = new DuckDbMap(this, 'Totals', {
 *   items: DuckDbMapItems.fromObjects(lake, 'orders/'),
 *   worker: DuckDbMapWorker.fromQuery(sales, 'day-totals'),
 *   reducer: DuckDbMapWorker.fromQuery(sales, 'all-totals'),
 *   results: { bucket: results, prefix: 'results/totals/' },
 *   maxConcurrency: 200,
 * });
 *
 * new sfn.StateMachine(this, 'Machine', { definitionBody: sfn.DefinitionBody.fromChainable(totals) });
 */
export class DuckDbMap extends sfn.StateMachineFragment {
  /** The first state. */
  public readonly startState: sfn.State;

  /** The last state: the reducer, or the state that returns the URL of the manifests. */
  public readonly endStates: sfn.INextable[];

  constructor(scope: Construct, id: string, props: DuckDbMapProps) {
    super(scope, id);
    const at = this.node.path;
    expectProps(props, at, 'new DuckDbMap(this, \'Totals\', { items: DuckDbMapItems.fromPath(\'$.days\'), ... })');
    checkProps(props, at);
    const results = new MapResults(props.results, at);
    const source = props.items._bind(this, results);
    if (source.input) results.expectApartFrom(source.input.bucket, source.input.prefix);
    const comment = `the items of ${at}`;

    const { worker, reducer } = props;
    expectSameRegion(results.bucket, this, `the bucket of the results of ${at}`);
    [worker, reducer].forEach((each) => each && expectSameRegion(each._invocation.fn, this, `the function ${each._invocation.fn.node.path}`));
    this.warnOfOtherAccount(results);
    const map = this.mapState(props, source, results, comment);
    const last = reducer ? this.reducerState(reducer._invocation, results, manifestCount(props, source)) : results.tellManifests(this);
    this.startState = results.beginRun(this);
    this.endStates = [last];
    [...source.before ? [source.before] : [], map, last].reduce((chain, state) => chain.next(state), sfn.Chain.start(this.startState));
    MapMachine.watch(this, comment);
  }

  private mapState(props: DuckDbMapProps, source: ItemSource, results: MapResults, comment: string): MapState {
    const { worker: { _invocation: worker }, batch, label, toleratedFailureCount, toleratedFailurePercentage } = props;
    const what = `the worker of ${this.node.path}`;
    const { selected, params } = itemParams(source, worker, batch !== undefined, what);
    const work = invokeState(this, 'worker', worker, {
      params,
      output: { format: worker.format ?? 'parquet', key: results.manifestOf(batch ? '$.Items[0]' : '$', worker.location, what) },
    }, { outputPath: '$.Payload' });
    return new MapState(this, 'map-state', {
      stateName: `${this.node.id} map`,
      comment,
      itemReader: source.reader,
      itemsPath: source.itemsPath,
      itemSelector: { ...results.selected, ...selected },
      ...(batch && { itemBatcher: new sfn.ItemBatcher({ maxItemsPerBatch: batch.maxItems, maxInputBytesPerBatch: batch.maxBytes }) }),
      maxConcurrency: this.concurrency(props.maxConcurrency, worker.fn),
      toleratedFailureCount,
      toleratedFailurePercentage,
      label,
      resultPath: sfn.JsonPath.DISCARD,
    }, work, results);
  }

  private reducerState(reducer: Invocation, results: MapResults, count: unknown): sfn.State & sfn.INextable {
    const { query, params, location, format } = reducer;
    const what = `the reducer of ${this.node.path}`;
    if (query && !declares(query, 'files')) {
      throw new Error(`${what} is the query "${query.name}", which does not declare the parameter "files", by which it gets the files of the workers: `
        + 'add the line "-- @param files VARCHAR[]" to its file, and read them with read_parquet($files)');
    }
    if (Object.keys(params).some((name) => name.toLowerCase() === 'files')) {
      throw new Error(`${what} has the parameter "files", which the map gives to it: remove it from params`);
    }
    if (query) expectDeclared(query, ['files', ...Object.keys(params)], true, what);
    return invokeState(this, 'reducer', reducer, {
      params: rendered(params),
      manifests: results.manifests(location, what),
      ...(count !== undefined && { manifestCount: count }),
      ...(format && { output: { format, key: results.manifestIn('reduced', location, what) } }),
    }, { outputPath: '$.Payload' });
  }

  private warnOfOtherAccount({ bucket }: MapResults): void {
    const account = otherAccount(bucket, this);
    if (account === undefined) return;
    Annotations.of(this).addWarningV2('cdk-duckdb-lambda:mapAccount', `the bucket of the results of ${this.node.path} belongs to the account ${account}: Step Functions may not be able to `
      + 'write its record of the workers there; give the map results in its own account');
  }

  /** How many workers run at the same time. Warns if the function cannot run as many. */
  private concurrency(declared: number | undefined, fn: lambda.IFunction): number {
    const reserved = reservedConcurrency(fn);
    if (declared !== undefined && !Token.isUnresolved(declared) && reserved !== undefined && reserved > 0 && reserved < declared) {
      Annotations.of(this).addWarningV2('cdk-duckdb-lambda:maxConcurrency', `maxConcurrency is ${declared}, but ${fn.node.path} has reserved a concurrency of ${reserved}: `
        + 'Lambda would refuse the other workers, and each of them is retried only so often; lower maxConcurrency, or raise reservedConcurrentExecutions');
    }
    if (reserved === 0) {
      Annotations.of(this).addWarningV2('cdk-duckdb-lambda:maxConcurrency', `${fn.node.path} has reserved a concurrency of 0, with which Lambda refuses every invocation: `
        + 'raise reservedConcurrentExecutions before the map runs');
    }
    return declared ?? Math.min(reserved || DEFAULT_CONCURRENCY, MAX_CONCURRENCY);
  }
}

/** How many workers at least have written a manifest when the reducer begins. Not known if some may fail. */
function manifestCount({ batch, toleratedFailureCount, toleratedFailurePercentage }: DuckDbMapProps, { count }: ItemSource): unknown {
  if (toleratedFailureCount || toleratedFailurePercentage) return undefined;
  if (!batch) return count?.one;
  const { maxItems } = batch;
  return maxItems === undefined || Token.isUnresolved(maxItems) ? undefined : count?.inBatches?.(maxItems);
}

/** The concurrency that is reserved for a function, if it is known. */
function reservedConcurrency(fn: lambda.IFunction): number | undefined {
  const { reservedConcurrentExecutions: reserved } = (fn.node.defaultChild ?? {}) as Partial<lambda.CfnFunction>;
  return reserved === undefined || Token.isUnresolved(reserved) ? undefined : reserved;
}

function checkProps(props: DuckDbMapProps, at: string): void {
  expectKnownProps(props, PROPS, at);
  const { items, worker, reducer, batch, maxConcurrency, toleratedFailureCount, toleratedFailurePercentage, label } = props;
  expectObject(items, '_bind', `${at} has as items`, 'DuckDbMapItems, such as DuckDbMapItems.fromObjects(bucket, \'orders/\')');
  expectWorker(worker, `${at} has as worker`);
  if (reducer !== undefined) expectWorker(reducer, `${at} has as reducer`);
  expectOptions(batch, `the batch of ${at}`, BATCH);
  if (batch && batch.maxItems === undefined && batch.maxBytes === undefined) {
    throw new Error(`the batch of ${at} has no limit: expected maxItems or maxBytes, as in batch: { maxItems: 100 }`);
  }
  expectCount(batch?.maxItems, 1, Infinity, `the batch of ${at} has maxItems`);
  expectCount(batch?.maxBytes, 1, MAX_BATCH_BYTES, `the batch of ${at} has maxBytes`);
  expectCount(maxConcurrency, 1, MAX_CONCURRENCY, `${at} has a maxConcurrency of`);
  expectCount(toleratedFailureCount, 0, Infinity, `${at} has a toleratedFailureCount of`);
  expectNumber(toleratedFailurePercentage, (percent) => percent >= 0 && percent <= 100, `${at} has a toleratedFailurePercentage of`, 'a number from 0 to 100');
  if (label !== undefined && (typeof label !== 'string' || !/^[\w.@+-]{1,40}$/.test(label))) {
    throw new Error(`${at} has the label ${shown(label)}: expected 1 to 40 letters, digits and _ - . @ +`);
  }
}

function expectWorker(worker: DuckDbMapWorker, what: string): void {
  expectObject(worker, '_invocation', what, 'a DuckDbMapWorker, such as DuckDbMapWorker.fromQuery(fn, \'day-totals\')');
}

function expectCount(count: unknown, least: number, most: number, what: string): void {
  expectNumber(count, (value) => Number.isInteger(value) && value >= least && value <= most, what,
    most === Infinity ? `a whole number of at least ${least}` : `a whole number from ${least} to ${most}`);
}

function expectNumber(value: unknown, isRight: (value: number) => boolean, what: string, expected: string): void {
  if (value === undefined || Token.isUnresolved(value) || (typeof value === 'number' && isRight(value))) return;
  throw new Error(`${what} ${shown(value)}: expected ${expected}`);
}
