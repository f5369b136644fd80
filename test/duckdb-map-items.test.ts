import { Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { DuckDbMapFileFormat, DuckDbMapItems, DuckDbMapProps, DuckDbMapWorker, DuckDbMapWorkerOptions, DuckDbQueryFunction } from '../src';
import { unbundledStack } from './duckdb-function/unbundled';
import { bucket, declareMap, definition, grants, machine, queryFunction } from './map/machine';

let stack: Stack;
let sales: DuckDbQueryFunction;
let lake: s3.IBucket;

beforeEach(() => {
  stack = unbundledStack();
  sales = queryFunction(stack);
  lake = bucket(stack, 'lake');
});

/** The states of a machine with a map over the items. */
function states(items: DuckDbMapItems, query: string, options: DuckDbMapWorkerOptions = {}, props: Partial<DuckDbMapProps> = {}): any {
  machine(stack, declareMap(stack, { items, worker: DuckDbMapWorker.fromQuery(sales, query, options), ...props }));
  return definition(stack).States;
}

const READS = /^s3:(?:GetObject|ListBucket) on/;
const reads = () => grants(stack).filter((grant) => READS.test(grant)).map((grant) => grant.replace('arn:<AWS::Partition>:s3:::', ''));

const ITEM = { 'params.$': '$$.Map.Item.Value' };
const S3 = 'arn:<AWS::Partition>:states:::s3:';

describe('objects', () => {
  test('with special characters in their prefix are listed alone', () => {
    const { 'Totals map': map } = states(DuckDbMapItems.fromObjects(lake, 'orders/day=*'), 'day-totals');
    expect(map.ItemReader).toEqual({ Resource: `${S3}listObjectsV2`, Parameters: { Bucket: 'lake', Prefix: 'orders/day=*' } });
    expect(reads()).toEqual(['s3:ListBucket on lake if {"StringLike":{"s3:prefix":"orders/day=${*}*"}}']);
  });

  test('of a whole bucket', () => {
    expect(states(DuckDbMapItems.fromObjects(lake, ''), 'day-totals')['Totals map'].ItemReader.Parameters).toEqual({ Bucket: 'lake' });
    expect(reads()).toEqual(['s3:ListBucket on lake']);
  });

  test('of a bucket of the app', () => {
    states(DuckDbMapItems.fromObjects(new s3.Bucket(stack, 'Orders'), 'orders/'), 'day-totals');
    expect(definition(stack).States['Totals map'].ItemSelector.params).toEqual({
      'file.$': expect.stringMatching(/^States\.Format\('s3:\/\/<Orders\w+>\/\{\}', \$\$\.Map\.Item\.Value\.Key\)$/),
    });
  });
});

describe('a file', () => {
  test.each([
    ['days.json', {}, { InputType: 'JSON' }],
    ['days.JSONL', {}, { InputType: 'JSONL' }],
    ['days.ndjson', {}, { InputType: 'JSONL' }],
    ['days.csv', {}, { InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW' }],
    ['days.txt', { format: DuckDbMapFileFormat.CSV, csvHeaders: ['day'], csvDelimiter: sfn.CsvDelimiter.TAB }, {
      InputType: 'CSV', CSVHeaderLocation: 'GIVEN', CSVHeaders: ['day'], CSVDelimiter: 'TAB',
    }],
  ])('%s', (key, options, reader) => {
    const { 'Totals map': map } = states(DuckDbMapItems.fromFile(lake, key, options), 'by-day', { params: { region: 'eu' } });
    expect(map.ItemReader).toEqual({ Resource: `${S3}getObject`, ReaderConfig: reader, Parameters: { Bucket: 'lake', Key: key } });
    expect(reads()).toEqual([`s3:GetObject on lake/${key}`]);
  });

  test.each([
    ['$$.Execution.Input.key', '$$.Execution.Input.key'], [sfn.JsonPath.stringAt('$.key'), '$.key'],
    [sfn.JsonPath.format('days/{}.json', sfn.JsonPath.stringAt('$.day')), 'States.Format(\'days/{}.json\', $.day)'],
  ])('whose key is an expression, %#', (key, expression) => {
    const { 'Totals map': map } = states(DuckDbMapItems.fromFile(lake, key, { format: DuckDbMapFileFormat.JSON, prefix: 'days/' }), 'by-day');
    expect(map.ItemReader.Parameters).toEqual({ 'Bucket': 'lake', 'Key.$': expression });
    expect(reads()).toEqual(['s3:GetObject on lake/days/*']);
  });

  test('whose key is in the input', () => {
    const { 'Totals map': map } = states(DuckDbMapItems.fromFile(lake, '$.key', { format: DuckDbMapFileFormat.JSON, prefix: 'days/' }), 'by-day');
    expect(map.ItemReader.Parameters).toEqual({ 'Bucket': 'lake', 'Key.$': '$.key' });
    expect(reads()).toEqual(['s3:GetObject on lake/days/*']);
  });
});

describe('an inventory', () => {
  test('is its manifest and the files beside it', () => {
    const key = 'inventory/lake/daily/2025-01-01T01-00Z/manifest.json';
    const { 'Totals map': map } = states(DuckDbMapItems.fromInventory(lake, key), 'day-totals');
    expect(map.ItemReader).toEqual({ Resource: `${S3}getObject`, ReaderConfig: { InputType: 'MANIFEST' }, Parameters: { Bucket: 'lake', Key: key } });
    expect(map.ItemSelector.params).toEqual({ 'file.$': 'States.Format(\'s3://{}/{}\', $$.Map.Item.Value.Bucket, $$.Map.Item.Value.Key)' });
    expect(reads()).toEqual(['s3:GetObject on lake/inventory/lake/daily/*']);
  });

  test('whose manifest is in the input', () => {
    states(DuckDbMapItems.fromInventory(lake, '$.manifest', { prefix: 'inventory/lake/daily/' }), 'day-totals');
    expect(reads()).toEqual(['s3:GetObject on lake/inventory/lake/daily/*']);
  });
});

describe('a list', () => {
  test('of plain values goes into a parameter "item"', () => {
    const { 'Totals items': pass, 'Totals map': map } = states(DuckDbMapItems.fromList(['2025-01-01', '2025-01-02']), 'one-item');
    expect(pass).toEqual({ Type: 'Pass', Result: ['2025-01-01', '2025-01-02'], ResultPath: '$.duckDbMapItems', Next: 'Totals map' });
    expect(map).toMatchObject({ ItemsPath: '$.duckDbMapItems', ItemSelector: { params: { 'item.$': '$$.Map.Item.Value' } } });
    expect(map).not.toHaveProperty('ItemReader');
    expect(definition(stack).States['Totals run'].Next).toBe('Totals items');
    expect(reads()).toEqual([]);
  });

  test('of objects gives their fields as parameters', () => {
    const { 'Totals map': map } = states(DuckDbMapItems.fromList([{ day: '2025-01-01', region: 'eu' }, { day: '2025-01-01', region: 'us' }]), 'by-day');
    expect(map.ItemSelector).toMatchObject(ITEM);
  });

  test('of objects goes into a parameter "item" that the query declares', () => {
    expect(states(DuckDbMapItems.fromList([{ a: 1 }]), 'one-item')['Totals map'].ItemSelector.params).toEqual({ 'item.$': '$$.Map.Item.Value' });
  });

  test('may be as large as a payload with what the map adds', () => {
    const items = [...Array(1000).fill('x'.repeat(258)), 'x'.repeat(262_016 - 1000 * 261 - 4)];
    expect(JSON.stringify(items)).toHaveLength(262_016);
    const input = { duckDbMapRun: { id: '123e4567-e89b-42d3-a456-426614174000' }, duckDbMapItems: items };
    expect(JSON.stringify(input).length).toBeLessThanOrEqual(262_144);
    expect(() => DuckDbMapItems.fromList(items)).not.toThrow();
    expect(() => DuckDbMapItems.fromList([...items.slice(1), 'ü'.repeat(258)])).toThrow('put them into a file in S3, and use DuckDbMapItems.fromFile');
  });
});

describe('a path', () => {
  test('to plain values', () => {
    expect(states(DuckDbMapItems.fromPath('$.days'), 'one-item')['Totals map']).toMatchObject({ ItemsPath: '$.days', ItemSelector: { params: { 'item.$': '$$.Map.Item.Value' } } });
  });

  test('to objects, with one more parameter', () => {
    const { 'Totals map': map } = states(DuckDbMapItems.fromPath('$.days'), 'by-day', { params: { region: '$.region' } });
    expect(map.ItemSelector).toMatchObject({ 'item.$': '$$.Map.Item.Value', 'params': { 'region.$': '$.region' } });
    expect(map.ItemProcessor.States['Totals worker'].Parameters.Payload['params.$']).toBe('States.JsonMerge($.item, $.params, false)');
  });
});

describe('the rows of a query', () => {
  test('are written to S3 and read from there', () => {
    const items = DuckDbMapItems.fromQuery(sales, 'months', { params: { year: '$.year' } });
    const { 'Totals items': query, 'Totals map': map } = states(items, 'by-day');
    expect(query).toMatchObject({
      Parameters: {
        Payload: {
          query: 'months',
          params: { 'year.$': '$.year' },
          output: { 'format': 'json', 'key.$': 'States.Format(\'totals/items/{}/{}/manifest.json\', $$.Execution.Name, $.duckDbMapRun.id)' },
        },
      },
      ResultSelector: { 'url.$': 'States.StringSplit($.Payload.files[0], \'/\')', 'count.$': '$.Payload.rowCount' },
      ResultPath: '$.duckDbMapItems',
      Next: 'Totals map',
    });
    expect(query.Retry[0].ErrorEquals[0]).toBe('DuckDbRetryableError');
    const part = (index: number) => `States.ArrayGetItem($.duckDbMapItems.url, States.MathAdd(States.ArrayLength($.duckDbMapItems.url), -${index}))`;
    expect(map.ItemReader).toEqual({
      Resource: `${S3}getObject`,
      ReaderConfig: { InputType: 'JSON' },
      Parameters: { 'Bucket': 'reports', 'Key.$': `States.Format('results/totals/items/{}/{}/{}/{}', $$.Execution.Name, $.duckDbMapRun.id, ${part(2)}, ${part(1)})` },
    });
    expect(map.ItemSelector).toMatchObject(ITEM);
    expect(reads()).toEqual(['s3:GetObject on reports/results/totals/items/*']);
  });
});

describe('the reducer is told how many manifests there must be', () => {
  const told = (items: DuckDbMapItems, props: Partial<DuckDbMapProps> = {}, query = 'one-item') => {
    const { Payload } = states(items, query, {}, { reducer: DuckDbMapWorker.fromQuery(sales, 'all-totals'), ...props })['Totals reducer'].Parameters;
    return Object.fromEntries(Object.entries(Payload).filter(([key]) => key.startsWith('manifestCount')));
  };

  test('for a list', () => expect(told(DuckDbMapItems.fromList(['a', 'b']))).toEqual({ manifestCount: 2 }));

  test('for a path', () => expect(told(DuckDbMapItems.fromPath('$.days'))).toEqual({ 'manifestCount.$': 'States.ArrayLength($.days)' }));

  test('for the rows of a query', () => {
    const rows = DuckDbMapItems.fromQuery(sales, 'months', { params: { year: 2025 } });
    expect(told(rows, {}, 'by-day')).toEqual({ 'manifestCount.$': '$.duckDbMapItems.count' });
  });

  test('not for objects, which only Step Functions counts', () => {
    expect(told(DuckDbMapItems.fromObjects(lake, 'orders/'), {}, 'day-totals')).toEqual({});
  });

  test.each([{ toleratedFailureCount: 1 }, { toleratedFailurePercentage: 1 }])('not if some may fail: %j', (props) => {
    expect(told(DuckDbMapItems.fromList(['a', 'b']), props)).toEqual({});
  });

  test('in batches of so many items, the least number', () => {
    const batch = { maxItems: 2 };
    expect(told(DuckDbMapItems.fromList(['a', 'b', 'c']), { batch }, 'many-items')).toEqual({ manifestCount: 2 });
  });

  test('in batches of so many items of a path', () => {
    expect(told(DuckDbMapItems.fromPath('$.days'), { batch: { maxItems: 2, maxBytes: 1000 } }, 'many-items')).toEqual({
      'manifestCount.$': 'States.ArrayLength(States.ArrayPartition($.days, 2))',
    });
  });

  test('not in batches of so many bytes', () => expect(told(DuckDbMapItems.fromList(['a', 'b']), { batch: { maxBytes: 1000 } }, 'many-items')).toEqual({}));

  test('not in batches of rows, whose number Step Functions cannot divide', () => {
    const rows = DuckDbMapItems.fromQuery(sales, 'months', { params: { year: 2025 } });
    expect(told(rows, { batch: { maxItems: 2 } }, 'many-items')).toEqual({});
  });
});

describe('parameters of a batch', () => {
  test('are lists of what depends on the item, and values of what does not', () => {
    const items = DuckDbMapItems.fromPath('$.items');
    const { 'Totals map': map } = states(items, 'many-items', { params: { days: '$$.Map.Item.Value.day', month: '$.month' } }, { batch: { maxItems: 10 } });
    expect(map.ItemSelector.params).toEqual({ 'item.$': '$$.Map.Item.Value', 'days.$': '$$.Map.Item.Value.day', 'month.$': '$.month' });
    expect(map.ItemProcessor.States['Totals worker'].Parameters.Payload.params).toEqual({
      'items.$': '$.Items[*].params.item', 'days.$': '$.Items[*].params.days', 'month.$': '$.Items[0].params.month',
    });
  });
});

describe('bad input is refused at synth, with its fix', () => {
  test.each<[string, () => unknown, string]>([
    ['no bucket', () => DuckDbMapItems.fromObjects('lake' as any, 'orders/'), 'DuckDbMapItems.fromObjects has as bucket "lake": expected an IBucket'],
    ['no prefix', () => DuckDbMapItems.fromObjects(lake, undefined as any), 'DuckDbMapItems.fromObjects has the prefix null: expected text such as "orders/"'],
    ['a leading slash', () => DuckDbMapItems.fromObjects(lake, '/orders/'), 'DuckDbMapItems.fromObjects has the prefix "/orders/": expected what keys begin with'],
    ['a URL', () => DuckDbMapItems.fromObjects(lake, 's3://lake/orders/'), 'without the bucket or a leading slash'],
    ['a file of unknown format', () => DuckDbMapItems.fromFile(lake, 'days.parquet'),
      'DuckDbMapItems.fromFile with the key "days.parquet" has no format: expected a key that ends with .json, .jsonl, .ndjson or .csv'],
    ['a key in the input, of unknown format', () => DuckDbMapItems.fromFile(lake, '$.file.csv', { prefix: 'days/' }), 'has no format'],
    ['a key in the input, without a prefix', () => DuckDbMapItems.fromFile(lake, '$.key', { format: DuckDbMapFileFormat.CSV }),
      'DuckDbMapItems.fromFile with the key "$.key" has no prefix: the key is known only when the map runs'],
    ['headers of JSON', () => DuckDbMapItems.fromFile(lake, 'days.json', { csvHeaders: ['day'] }), 'is read as JSON and has csvHeaders or a csvDelimiter: remove them'],
    ['an unknown option', () => DuckDbMapItems.fromFile(lake, 'days.csv', { csvHeader: ['day'] } as any), 'did you mean "csvHeaders"?'],
    ['an unknown format', () => DuckDbMapItems.fromFile(lake, 'days.csv', { format: 'XML' as any }), 'has the format "XML": expected one of DuckDbMapFileFormat.JSON'],
    ['an inventory without folders', () => DuckDbMapItems.fromInventory(lake, 'manifest.json'), 'expected the key of a manifest in a folder'],
    ['an inventory in the input, without a prefix', () => DuckDbMapItems.fromInventory(lake, '$.manifest'), 'has no prefix'],
    ['a list that is none', () => DuckDbMapItems.fromList('a' as any), 'DuckDbMapItems.fromList has "a": expected a list such as'],
    ['an empty list', () => DuckDbMapItems.fromList([]), 'DuckDbMapItems.fromList has an empty list: expected at least one item'],
    ['a list of both kinds', () => DuckDbMapItems.fromList(['a', { day: 'b' }]), 'DuckDbMapItems.fromList has 1 objects among 2 items'],
    ['a list of dates', () => DuckDbMapItems.fromList([new Date()]), 'DuckDbMapItems.fromList has in items[0] an object of the class Date'],
    ['a path that is none', () => DuckDbMapItems.fromPath('days'), 'DuckDbMapItems.fromPath has the path "days": expected the path of a field of the input, such as "$.days"'],
    ['the whole input', () => DuckDbMapItems.fromPath('$'), 'DuckDbMapItems.fromPath has the path "$"'],
    ...['$.', '$..days', '$.days[*]', '$.days[?(@.x)]', '$$.Execution.Input.days'].map((path): [string, () => unknown, string] => (
      [`the path ${path}`, () => DuckDbMapItems.fromPath(path), `DuckDbMapItems.fromPath has the path "${path}": expected the path of a field of the input, such as "$.days", without wildcards`]
    )),
    ['a list with expressions', () => DuckDbMapItems.fromList(['a', sfn.JsonPath.stringAt('$.z')]),
      'DuckDbMapItems.fromList has in items[1] an expression, which is known only when the map runs: expected values; use DuckDbMapItems.fromPath'],
    ['a list with objects of expressions', () => DuckDbMapItems.fromList([{ day: sfn.JsonPath.stringAt('$.z') }]), 'has in items[0] an expression'],
    ['a list with a hole', () => DuckDbMapItems.fromList(['a', undefined]), 'DuckDbMapItems.fromList has in items[1] undefined: expected a JSON value'],
    ['no headers', () => DuckDbMapItems.fromFile(lake, 'd.csv', { csvHeaders: [] }), 'has the csvHeaders []: expected a name for each column, and each name once'],
    ['a header twice', () => DuckDbMapItems.fromFile(lake, 'd.csv', { csvHeaders: ['day', 'day'] }), 'has the csvHeaders ["day","day"]: expected a name for each column'],
    ['a header without a name', () => DuckDbMapItems.fromFile(lake, 'd.csv', { csvHeaders: ['day', ''] }), 'has the csvHeaders "": expected text such as "day"'],
    ['a prefix with which the key does not begin', () => DuckDbMapItems.fromFile(lake, 'days/a.json', { prefix: 'other/' }),
      'DuckDbMapItems.fromFile with the key "days/a.json" has the prefix "other/", with which the key does not begin'],
    ['one parameter in two spellings', () => states(DuckDbMapItems.fromList([{ day: 'a', region: 'eu' }]), 'by-day', { params: { Region: 'us' } }),
      'the worker of Stack/Totals has the parameter "Region", and its items have the field "region": expected one spelling'],
    ['an unknown query', () => DuckDbMapItems.fromQuery(sales, 'month'), 'DuckDbMapItems.fromQuery with the query "month": Stack/Sales does not have it'],
    ['a query without a required parameter', () => DuckDbMapItems.fromQuery(sales, 'months'),
      'DuckDbMapItems.fromQuery with the query "months" does not give the query "months" the parameter "year", which it requires; it gives none'],
    ['a query with a format', () => DuckDbMapItems.fromQuery(sales, 'months', { params: { year: 2025 }, format: 'csv' as any }), 'has a format: remove it'],
    ['values for a query that does not take them', () => states(DuckDbMapItems.fromList(['a']), 'by-day'),
      'the worker of Stack/Totals gives the query "by-day" the parameter "item", but its file declares "day", "region"; add the line "-- @param item VARCHAR" to the file, and use $item'],
    ['a field that is missing', () => states(DuckDbMapItems.fromList([{ day: 'a', region: 'eu' }, { day: 'b' }]), 'by-day'),
      'the worker of Stack/Totals does not give the query "by-day" the parameter "region", which it requires; it gives "day"; add it, as in params: { region: ... }'],
    ['a field that is not declared', () => states(DuckDbMapItems.fromList([{ day: 'a', regoin: 'eu' }]), 'by-day'), 'did you mean "region"?'],
    ['headers of which one is missing', () => states(DuckDbMapItems.fromFile(lake, 'd.csv', { csvHeaders: ['day'] }), 'by-day'), 'the parameter "region", which it requires'],
    ['a batch for a query of one file', () => states(DuckDbMapItems.fromObjects(lake, 'orders/'), 'day-totals', {}, { batch: { maxItems: 5 } }),
      'the worker of Stack/Totals gives the query "day-totals" the parameter "files", but its file declares "file", "least"; did you mean "file"?'],
    ['objects for a query without file', () => states(DuckDbMapItems.fromObjects(lake, 'orders/'), 'by-day'), 'add the line "-- @param file VARCHAR" to the file, and use $file'],
  ])('%s', (_, declare, message) => {
    expect(declare).toThrow(message);
  });
});
