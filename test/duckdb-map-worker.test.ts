import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { DuckDbMapWorker, DuckDbQueryFunction } from '../src';
import { unbundledStack } from './duckdb-function/unbundled';
import { declareMap, definition, machine, queryFunction } from './map/machine';
import { temporaryDirectory } from './temporary-directory';

let stack: Stack;
let sales: DuckDbQueryFunction;

beforeEach(() => {
  stack = unbundledStack();
  sales = queryFunction(stack);
});

const own = () => lambda.Function.fromFunctionArn(stack, 'Own', 'arn:aws:lambda:eu-west-1:111111111111:function:own');

function selected(params: { [name: string]: any }): any {
  machine(stack, declareMap(stack, { worker: DuckDbMapWorker.fromFunction(own(), { params }) }));
  return definition(stack).States['Totals map'].ItemSelector.params;
}

test('parameters are paths, expressions and literals, also inside of objects', () => {
  expect(selected({
    month: '$.month',
    size: '$$.Map.Item.Value.Size',
    whole: '$',
    cell: '$[\'a\']',
    price: '$5',
    text: 'a $.b',
    no: null,
    yes: true,
    list: [1, 'a'],
    name: sfn.JsonPath.format('{}-{}', sfn.JsonPath.stringAt('$.a'), sfn.JsonPath.executionName),
    inner: { day: '$.day', none: null },
  })).toEqual({
    'file.$': 'States.Format(\'s3://lake/{}\', $$.Map.Item.Value.Key)',
    'month.$': '$.month',
    'size.$': '$$.Map.Item.Value.Size',
    'whole.$': '$',
    'cell.$': '$[\'a\']',
    'price': '$5',
    'text': 'a $.b',
    'no.$': 'States.StringToJson(\'null\')',
    'yes': true,
    'list': [1, 'a'],
    'name.$': 'States.Format(\'{}-{}\', $.a, $$.Execution.Name)',
    'inner': { 'day.$': '$.day', 'none.$': 'States.StringToJson(\'null\')' },
  });
});

test('lists with paths are made by Step Functions, with every other item as it is', () => {
  expect(selected({
    days: ['$.from', '$.to'],
    mixed: [sfn.JsonPath.stringAt('$.a'), sfn.JsonPath.numberAt('$.n'), "it's {\\}", 1.5, true, null, ['$$.Map.Item.Index', 'b']],
    inner: { days: ['$.from'] },
    whole: sfn.JsonPath.listAt('$.days'),
    literal: ['$5', { a: ['b'] }],
  })).toEqual({
    'file.$': expect.anything(),
    'days.$': 'States.Array($.from, $.to)',
    'mixed.$': "States.Array($.a, $.n, 'it\\'s \\{\\\\\\}', 1.5, States.StringToJson('true'), States.StringToJson('null'), States.Array($$.Map.Item.Index, 'b'))",
    'inner': { 'days.$': 'States.Array($.from)' },
    'whole.$': '$.days',
    'literal': ['$5', { a: ['b'] }],
  });
});

describe('retries', () => {
  const retries = (retry: sfn.RetryProps) => {
    machine(stack, declareMap(stack, { worker: DuckDbMapWorker.fromQuery(sales, 'day-totals', { retry }) }));
    return definition(stack).States['Totals map'].ItemProcessor.States['Totals worker'].Retry;
  };

  test('without errors are those of the default', () => {
    expect(retries({ maxAttempts: 3 })).toEqual([
      expect.objectContaining({ ErrorEquals: expect.arrayContaining(['DuckDbRetryableError']), MaxAttempts: 3, JitterStrategy: 'FULL' }),
      expect.objectContaining({ ErrorEquals: ['Runtime.ExitError', 'Lambda.Unknown', 'States.Timeout'] }),
    ]);
  });

  test('with errors are these alone', () => expect(retries({ errors: ['States.Timeout'], maxAttempts: 0 })).toEqual([{ ErrorEquals: ['States.Timeout'], MaxAttempts: 0 }]));
});

describe('bad input is refused at synth, with its fix', () => {
  const what = 'DuckDbMapWorker.fromQuery with the query "day-totals"';
  test.each<[string, () => unknown, string]>([
    ['an unknown query', () => DuckDbMapWorker.fromQuery(sales, 'day-total'),
      'DuckDbMapWorker.fromQuery with the query "day-total": Stack/Sales does not have it; its queries are "all-totals", "batch-totals", "by-day", "day-totals", '
      + '"many-items", "months", "one-item"; did you mean "day-totals"?'],
    ['no query', () => DuckDbMapWorker.fromQuery(sales, undefined as any), 'DuckDbMapWorker.fromQuery with the query undefined: Stack/Sales does not have it'],
    ['a function without queries', () => DuckDbMapWorker.fromQuery(stack as any, 'day-totals'), `${what} has as function an object of the class Stack: expected a DuckDbQueryFunction`],
    ['a function without results', () => DuckDbMapWorker.fromQuery(queryFunction(stack, { results: undefined }, 'Other'), 'day-totals'),
      `${what}: Stack/Other has no results, so it cannot write any: declare its prop results, as in results: { bucket, prefix: 'results/' }`],
    ['what is no function', () => DuckDbMapWorker.fromFunction('fn' as any), 'DuckDbMapWorker.fromFunction has as function "fn": expected an IFunction'],
    ['a query function without a query', () => DuckDbMapWorker.fromFunction(sales),
      'DuckDbMapWorker.fromFunction has the query function Stack/Sales: name its query, as in DuckDbMapWorker.fromQuery(fn, \'day-totals\')'],
    ['an unknown option', () => DuckDbMapWorker.fromQuery(sales, 'day-totals', { parms: {} } as any), `${what} has the prop "parms", which it does not know`],
    ['params that are a list', () => DuckDbMapWorker.fromQuery(sales, 'day-totals', { params: ['a'] as any }), `${what} has the params a list: expected an object of names and values`],
    ['a name that SQL cannot have', () => DuckDbMapWorker.fromQuery(sales, 'day-totals', { params: { 'a-b': 1 } }), `${what} has the parameter "a-b": expected a name of letters`],
    ['a value that JSON cannot hold', () => DuckDbMapWorker.fromQuery(sales, 'day-totals', { params: { least: Infinity } }), `${what} has in params.least Infinity: expected a JSON value`],
    ['an unknown format', () => DuckDbMapWorker.fromQuery(sales, 'day-totals', { format: 'orc' as any }), `${what} has the format "orc": expected one of DuckDbResultFormat.PARQUET`],
    ['no time', () => DuckDbMapWorker.fromQuery(sales, 'day-totals', { timeout: Duration.seconds(0) }), `${what} has the timeout 0: expected more than 0`],
    ['a retry that is a number', () => DuckDbMapWorker.fromQuery(sales, 'day-totals', { retry: 3 as any }), `${what} has the retry 3: expected RetryProps`],
    ['fewer attempts than none', () => DuckDbMapWorker.fromQuery(sales, 'day-totals', { retry: { maxAttempts: -1 } }), `${what} has the retry with maxAttempts -1: expected a whole number from 0`],
    ['a name as Step Functions writes it', () => DuckDbMapWorker.fromQuery(sales, 'day-totals', { params: { least: [{ 'x.$': '$.y' }] } }),
      `${what} has in params.least.0 the name "x.$": expected "x", whose value may be a path or an expression`],
    ['an object in a list with paths', () => selected({ days: [{ day: '$.day' }] }), 'the parameter days[0] is an object of the class Object in a list with paths: expected text, numbers'],
    ...['file', 'File', 'files'].map((name): [string, () => unknown, string] => (
      [`the map's own parameter as ${name}`, () => selected({ [name]: '$.x' }), `the worker of Stack/Totals has the parameter "${name}", which the map gives to it: remove it from params`]
    )),
    ['an undeclared parameter', () => declareMap(stack, { worker: DuckDbMapWorker.fromQuery(sales, 'day-totals', { params: { lest: 1 } }) }),
      'the worker of Stack/Totals gives the query "day-totals" the parameter "lest", but its file declares "file", "least"; did you mean "least"?'],
  ])('%s', (_, declare, message) => {
    expect(declare).toThrow(message);
  });
});

test('a query whose parameter follows from the caller of an HTTP request is refused', () => {
  const queries = join(temporaryDirectory(), 'queries');
  mkdirSync(queries);
  writeFileSync(join(queries, 'own.sql'), '-- @param tenant VARCHAR\n-- @from tenant authorizer.claims.tenant\nSELECT $tenant');
  const fn = new DuckDbQueryFunction(stack, 'OwnQueries', { queries, results: { bucket: s3.Bucket.fromBucketName(stack, 'OwnResults', 'results'), prefix: 'out/' } });
  expect(() => DuckDbMapWorker.fromQuery(fn, 'own')).toThrow(
    /^DuckDbMapWorker\.fromQuery with the query "own": the parameter "tenant" follows from the caller of an HTTP request \(authorizer\.claims\.tenant\)/);
});
