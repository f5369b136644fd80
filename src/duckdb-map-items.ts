import { Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { iamLiteral } from './aws/iam-literal';
import { expectList, expectLiterals, expectObject, expectOneOf, expectOptions, expectText, expectTexts, PropNames, shown } from './checks/expect';
import { expectJson } from './checks/json-value';
import { DuckDbMapWorkerOptions } from './duckdb-map-worker-options';
import { DuckDbQueryFunction } from './duckdb-query-function';
import { invokeState } from './map/invocation';
import { NarrowItemReader } from './map/item-reader';
import { ItemSource } from './map/item-source';
import { queryInvocation } from './map/map-invocation';
import { MapResults } from './map/map-results';
import { encodedExpression, expectDeclared, expressionOf, hasExpressions, isReference, rendered } from './map/params';
import { listing, reading } from './map/s3-access';
import { expectSameRegion, otherAccount } from './map/same-place';

/** The format of a file of items. */
export enum DuckDbMapFileFormat {
  /** One JSON array. */
  JSON = 'JSON',
  /** A JSON value per line. */
  JSONL = 'JSONL',
  /** CSV. An item is an object of strings. */
  CSV = 'CSV',
}

/** What the state machine may read in S3. */
export interface DuckDbMapKeyOptions {
  /**
   * The prefix of the object's key. The state machine may read all objects with this prefix. Required if the key is a path of the input, because the
   * key is then not known at synthesis.
   *
   * @default - only the object itself; for an inventory, the folder of its configuration, which is two levels above the manifest
   */
  readonly prefix?: string;
}

/** How a file of items is read. */
export interface DuckDbMapFileOptions extends DuckDbMapKeyOptions {
  /**
   * The file's format.
   *
   * @default - by the key's extension: `.json`, `.jsonl`, `.ndjson` or `.csv`
   */
  readonly format?: DuckDbMapFileFormat;

  /**
   * The columns of a CSV file.
   *
   * @default - the file's first line
   */
  readonly csvHeaders?: string[];

  /**
   * The delimiter between the columns of a CSV file.
   *
   * @default sfn.CsvDelimiter.COMMA
   */
  readonly csvDelimiter?: sfn.CsvDelimiter;
}

const KEY_OPTIONS: PropNames<DuckDbMapKeyOptions> = { prefix: true };
const FILE_OPTIONS: PropNames<DuckDbMapFileOptions> = { ...KEY_OPTIONS, format: true, csvHeaders: true, csvDelimiter: true };

/** The most bytes that a state may hand to the next are 256 KiB. The map adds some, such as the id of its run. */
const MAX_LIST_BYTES = 256 * 1024 - 128;
/** Where a state puts items for the map. The rest of the input stays as it is. */
const ITEMS_PATH = '$.duckDbMapItems';

/**
 * The items that the workers of a `DuckDbMap` process.
 *
 * If a worker's query declares the parameter `item`, the item is its value. Otherwise, the fields of the item are the parameters. For objects of S3,
 * the parameter is `file`, an `s3://` URL. In a batch, the parameters are the lists `items` or `files`.
 *
 * @example
 * declare const lake: s3.IBucket;
 * declare const sales: DuckDbQueryFunction;
 *
 * // Every object whose key begins with a prefix: each worker gets one as its parameter `file`.
 * DuckDbMapItems.fromObjects(lake, 'orders/');
 * // The objects of an inventory, the lines of a file, a list, a list in the input of the map.
 * DuckDbMapItems.fromInventory(lake, 'inventory/lake/daily/2026-01-01T01-00Z/manifest.json');
 * DuckDbMapItems.fromFile(lake, 'months.csv');
 * DuckDbMapItems.fromList([{ month: '2026-01' }, { month: '2026-02' }]);
 * DuckDbMapItems.fromPath('$.months');
 * // The rows of a query: each worker gets the columns of one as its parameters.
 * DuckDbMapItems.fromQuery(sales, 'months');
 */
export abstract class DuckDbMapItems {
  /**
   * The objects whose keys begin with a prefix. Step Functions lists them when the map starts.
   *
   * It lists all objects, even the empty ones that the console creates for folders.
   *
   * @param bucket the bucket
   * @param prefix what the keys begin with, such as `orders/`
   */
  public static fromObjects(bucket: s3.IBucket, prefix: string): DuckDbMapItems {
    const what = 'DuckDbMapItems.fromObjects';
    expectBucket(bucket, what);
    expectPrefix(prefix, what, 'orders/');
    return new ItemsOf((scope) => ({
      kind: 'file',
      fileUrl: sfn.JsonPath.format(`s3://${bucket.bucketName}/{}`, sfn.JsonPath.stringAt('$$.Map.Item.Value.Key')),
      reader: readerOf(new sfn.S3ObjectsItemReader({ bucket, prefix }), listing(bucket, prefix), scope),
      input: { bucket, prefix },
    }));
  }

  /**
   * The values of a JSON file, or the lines of a JSONL or CSV file.
   *
   * @param bucket  the bucket
   * @param key     the file's key, or its path in the input of the map, such as `$.key`, or an expression
   * @param options the file's format
   */
  public static fromFile(bucket: s3.IBucket, key: string, options: DuckDbMapFileOptions = {}): DuckDbMapItems {
    const what = `DuckDbMapItems.fromFile with the key ${shown(key)}`;
    expectBucket(bucket, what);
    expectText(key, `${what} has the key`, 'days.json');
    expectOptions(options, what, FILE_OPTIONS);
    expectOneOf(options.format, `${what} has the format`, 'DuckDbMapFileFormat', DuckDbMapFileFormat);
    const format = options.format ?? formatOf(key, what);
    const { csvHeaders, csvDelimiter, prefix } = options;
    if (csvHeaders !== undefined) expectHeaders(csvHeaders, what);
    if (format !== DuckDbMapFileFormat.CSV && (csvHeaders ?? csvDelimiter) !== undefined) {
      throw new Error(`${what} is read as ${format} and has csvHeaders or a csvDelimiter: remove them, or set format: DuckDbMapFileFormat.CSV`);
    }
    const readers: { [format in DuckDbMapFileFormat]: () => sfn.IItemReader } = {
      JSON: () => new sfn.S3JsonItemReader(object(bucket, key)),
      JSONL: () => new sfn.S3JsonLItemReader(object(bucket, key)),
      CSV: () => new sfn.S3CsvItemReader({ ...object(bucket, key), csvDelimiter, ...(csvHeaders && { csvHeaders: sfn.CsvHeaders.use(csvHeaders) }) }),
    };
    const statements = reading(bucket, readable(key, prefix, what));
    return new ItemsOf((scope) => ({
      kind: format === DuckDbMapFileFormat.CSV ? 'object' : 'unknown',
      fields: csvHeaders,
      reader: readerOf(readers[format](), statements, scope),
    }));
  }

  /**
   * The objects of an S3 inventory.
   *
   * Use an inventory of current versions, in Parquet or ORC. The keys of CSV inventories are encoded, and the map does not decode them.
   *
   * @param bucket  the bucket that has the inventory
   * @param key     the key of the inventory's `manifest.json`, or its path in the input of the map, such as `$.manifest`
   * @param options what the state machine may read
   */
  public static fromInventory(bucket: s3.IBucket, key: string, options: DuckDbMapKeyOptions = {}): DuckDbMapItems {
    const what = `DuckDbMapItems.fromInventory with the key ${shown(key)}`;
    expectBucket(bucket, what);
    expectText(key, `${what} has the key`, 'inventory/lake/daily/2025-01-01T01-00Z/manifest.json');
    expectOptions(options, what, KEY_OPTIONS);
    const [folder] = /^.*\/(?=[^/]+\/[^/]+$)/.exec(key) ?? [];
    const prefix = options.prefix ?? (isPath(key) ? undefined : folder);
    if (prefix === undefined && !isPath(key)) {
      throw new Error(`${what}: expected the key of a manifest in a folder, such as "inventory/lake/daily/2025-01-01T01-00Z/manifest.json", or the option prefix with the folder of all files`);
    }
    const statements = reading(bucket, readable(key, prefix, what));
    return new ItemsOf((scope) => ({
      kind: 'file',
      fileUrl: sfn.JsonPath.format('s3://{}/{}', sfn.JsonPath.stringAt('$$.Map.Item.Value.Bucket'), sfn.JsonPath.stringAt('$$.Map.Item.Value.Key')),
      reader: readerOf(new sfn.S3ManifestItemReader(object(bucket, key)), statements, scope),
    }));
  }

  /**
   * Items that are known when the app is synthesised. They are part of the state machine's definition.
   *
   * @param items plain values, or objects; at most 262,016 bytes of JSON, less the input of the map. A string is literal, even if it looks like a
   * path
   */
  public static fromList(items: any[]): DuckDbMapItems {
    const what = 'DuckDbMapItems.fromList';
    expectList(items, `${what} has`, '[\'2025-01-01\', \'2025-01-02\']');
    if (items.length === 0) throw new Error(`${what} has an empty list: expected at least one item`);
    expectJson(items, what, 'items');
    const missing = items.indexOf(undefined);
    if (missing >= 0) throw new Error(`${what} has in items[${missing}] undefined: expected a JSON value; null stands for NULL`);
    const known = items.findIndex((item) => hasExpressions(item, encodedExpression));
    if (known >= 0) throw new Error(`${what} has in items[${known}] an expression, which is known only when the map runs: expected values; use DuckDbMapItems.fromPath`);
    const bytes = Buffer.byteLength(JSON.stringify(items));
    if (bytes > MAX_LIST_BYTES) {
      throw new Error(`${what} has ${items.length} items of ${bytes} bytes as JSON: expected at most ${MAX_LIST_BYTES}, which is what Step Functions hands to a state; `
        + 'put them into a file in S3, and use DuckDbMapItems.fromFile');
    }
    const objects = items.filter(isObject);
    if (objects.length > 0 && objects.length < items.length) {
      throw new Error(`${what} has ${objects.length} objects among ${items.length} items: expected only objects, whose fields are parameters, or only plain values`);
    }
    return new ItemsOf((scope) => ({
      kind: objects.length > 0 ? 'object' : 'value',
      fields: commonFields(objects),
      itemsPath: ITEMS_PATH,
      count: { one: items.length, inBatches: (most) => Math.ceil(items.length / most) },
      before: new sfn.Pass(scope, 'items-state', {
        stateName: `${scope.node.id} items`, queryLanguage: sfn.QueryLanguage.JSON_PATH, result: sfn.Result.fromArray(items), resultPath: ITEMS_PATH,
      }),
    }));
  }

  /**
   * A list in the input of the map.
   *
   * @param path where it is, such as `$.days`
   */
  public static fromPath(path: string): DuckDbMapItems {
    if (!isReference(path)) {
      throw new Error(`DuckDbMapItems.fromPath has the path ${shown(path)}: expected the path of a field of the input, such as "$.days", without wildcards and filters`);
    }
    return new ItemsOf(() => ({
      kind: 'unknown',
      itemsPath: path,
      count: {
        one: sfn.JsonPath.arrayLength(sfn.JsonPath.listAt(path)),
        inBatches: (most) => sfn.JsonPath.arrayLength(sfn.JsonPath.arrayPartition(sfn.JsonPath.listAt(path), most)),
      },
    }));
  }

  /**
   * The rows of a query. The map first runs the query, which writes them to S3 as JSON. So there may be more rows than fit into a state's output.
   *
   * @param fn      the function, with results that contain those of the map
   * @param query   the query's name
   * @param options parameters, retries and timeout
   */
  public static fromQuery(fn: DuckDbQueryFunction, query: string, options: DuckDbMapWorkerOptions = {}): DuckDbMapItems {
    const what = `DuckDbMapItems.fromQuery with the query ${shown(query)}`;
    const invocation = queryInvocation(fn, query, options, DuckDbQueryFunction.retry, what);
    if (options.format !== undefined) throw new Error(`${what} has a format: remove it, because Step Functions reads the rows as JSON`);
    const { params, location } = invocation;
    expectDeclared(invocation.query!, Object.keys(params), true, what);
    return new ItemsOf((scope, results) => ({
      kind: 'object',
      before: invokeState(scope, 'items', invocation, {
        params: rendered(params),
        output: { format: 'json', key: results.manifestIn('items', location, what) },
      }, {
        resultSelector: {
          url: sfn.JsonPath.stringSplit(sfn.JsonPath.stringAt('$.Payload.files[0]'), '/'), count: sfn.JsonPath.numberAt('$.Payload.rowCount'),
        },
        resultPath: ITEMS_PATH,
      }),
      count: { one: sfn.JsonPath.numberAt(`${ITEMS_PATH}.count`) },
      reader: readerOf(new sfn.S3JsonItemReader(object(results.bucket, writtenKey(results))), reading(results.bucket, `${results.items}*`), scope),
    }));
  }

  /**
   * Where the items come from. It may add a state to the map.
   *
   * @internal
   */
  public abstract _bind(scope: Construct, results: MapResults): ItemSource;
}

class ItemsOf extends DuckDbMapItems {
  constructor(public readonly _bind: (scope: Construct, results: MapResults) => ItemSource) {
    super();
  }
}

function readerOf(reader: sfn.IItemReader, statements: iam.PolicyStatement[], map: Construct): sfn.IItemReader {
  expectSameRegion(reader.bucket, map, `the bucket of the items of ${map.node.path}`);
  return new NarrowItemReader(reader, statements, otherAccount(reader.bucket, map));
}

/** The key of the file with the rows. */
function writtenKey(results: MapResults): string {
  const url = `${ITEMS_PATH}.url`;
  const fromEnd = (index: number) => `States.ArrayGetItem(${url}, States.MathAdd(States.ArrayLength(${url}), -${index}))`;
  return results.itemsFile(fromEnd(2), fromEnd(1));
}

/** A bucket and a key as CDK's readers take them. */
function object(bucket: s3.IBucket, key: string): sfn.S3FileItemReaderProps {
  const path = expressionOf(key);
  return { bucket, key: path === undefined ? key : sfn.JsonPath.stringAt(path) };
}

/** The pattern of the keys that may be read. */
function readable(key: string, prefix: string | undefined, what: string): string {
  if (prefix !== undefined) {
    expectPrefix(prefix, what, 'days/');
    if (!isPath(key) && !Token.isUnresolved(key) && !key.startsWith(prefix)) {
      throw new Error(`${what} has the prefix "${prefix}", with which the key does not begin, so it could not be read: expected the beginning of the key, or no prefix`);
    }
    return `${iamLiteral(prefix)}*`;
  }
  if (isPath(key)) throw new Error(`${what} has no prefix: the key is known only when the map runs, so say what it begins with, as in { prefix: 'days/' }`);
  return iamLiteral(key);
}

function formatOf(key: string, what: string): DuckDbMapFileFormat {
  const [, extension = ''] = /\.(\w+)$/.exec(isPath(key) ? '' : key) ?? [];
  const formats: { [extension: string]: DuckDbMapFileFormat } = {
    json: DuckDbMapFileFormat.JSON, jsonl: DuckDbMapFileFormat.JSONL, ndjson: DuckDbMapFileFormat.JSONL, csv: DuckDbMapFileFormat.CSV,
  };
  const format = formats[extension.toLowerCase()];
  if (format === undefined) throw new Error(`${what} has no format: expected a key that ends with .json, .jsonl, .ndjson or .csv, or the option format, as in { format: DuckDbMapFileFormat.CSV }`);
  return format;
}

/** Fields of every object. */
function commonFields([first, ...others]: object[]): string[] | undefined {
  return first && Object.keys(first).filter((field) => others.every((other) => field in other));
}

function isObject(item: unknown): item is object {
  return typeof item === 'object' && item !== null && !Array.isArray(item) && !Token.isUnresolved(item);
}

/** Whether a key is known only when the map runs. */
function isPath(key: string): boolean {
  return expressionOf(key) !== undefined;
}

function expectBucket(bucket: unknown, what: string): void {
  expectObject(bucket, 'arnForObjects', `${what} has as bucket`, 'an IBucket, such as s3.Bucket.fromBucketName(this, \'Lake\', \'my-lake\')');
}

/** Refuses headers of which not each is the name of one column. */
function expectHeaders(headers: string[], what: string): void {
  expectTexts(headers, `${what} has the csvHeaders`, 'day');
  const again = headers.find((header, index) => headers.indexOf(header) !== index);
  if (headers.length > 0 && again === undefined) return;
  throw new Error(`${what} has the csvHeaders ${JSON.stringify(headers)}: expected a name for each column, and each name once`);
}

/** Refuses a prefix of which no permission can be made. */
function expectPrefix(prefix: unknown, what: string, example: string): void {
  if (prefix !== '') expectLiterals({ prefix: [prefix ?? null, example] }, what);
  if (/^\/|^\$\.|^s3:/.test(prefix as string)) {
    throw new Error(`${what} has the prefix ${shown(prefix)}: expected what keys begin with, such as "${example}", without the bucket or a leading slash`);
  }
}
