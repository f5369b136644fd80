import { CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { DuckDbQueryFunction, DuckDbQueryFunctionProps } from '../../src';
import { unbundledStack } from '../duckdb-function/unbundled';
import { project, write } from '../staged';

let stack: Stack;

beforeEach(() => {
  stack = unbundledStack();
});

function declare(props: Partial<DuckDbQueryFunctionProps> = {}): void {
  new DuckDbQueryFunction(stack, 'Sales', { queries: project(), ...props });
}

describe('@database', () => {
  test('may name a declared database, or the one that always exists', () => {
    write('sales.sql', '-- @database cache\nSELECT 1');
    write('other.sql', '-- @database default\nSELECT 1');
    expect(() => declare({ databases: { cache: {} } })).not.toThrow();
  });

  test.each<[object, string]>([
    [{}, 'received the database "cache", which the function does not have; it has: "default"; declare others with the prop databases'],
    [{ cachee: {} }, '; did you mean "cachee"?; it has: "default", "cachee"'],
  ])('with the databases %j is refused, with its position and beside other errors', (databases, message) => {
    write('reports/sales.sql', '-- @database cache\nSELECT 1');
    write('two.sql', '');
    expect(() => declare({ databases: databases as any })).toThrow(message);
    expect(() => declare({ databases: databases as any })).toThrow(/have 2 errors:\n.*reports\/sales\.sql:1:14: .*\n.*two\.sql:1:1: /);
  });

  test('each function is checked with its own databases', () => {
    write('sales.sql', '-- @database cache\nSELECT 1');
    declare({ databases: { cache: {} } });
    expect(() => new DuckDbQueryFunction(stack, 'Other', { queries: project() })).toThrow('received the database "cache"');
  });
});

describe('@timeout', () => {
  test('that the function\'s timeout cuts short causes a warning', () => {
    write('sales.sql', '-- @timeout 30\nSELECT 1');
    write('quick.sql', '-- @timeout 29\nSELECT 1');
    declare();
    Annotations.fromStack(stack).hasWarning('/Stack/Sales', Match.stringLikeRegexp(
      'the function\'s timeout of 30 s ends first: sales.sql has "@timeout 30"; raise the prop timeout, or lower @timeout .*ack: cdk-duckdb-lambda:queryTimeout'));
  });

  test.each([['a longer one', () => Duration.seconds(31)], ['one that is a token', () => Duration.seconds(new CfnParameter(stack, 'Seconds', { type: 'Number' }).valueAsNumber)]])(
    'causes none with %s', (_, timeout) => {
      write('sales.sql', '-- @timeout 30\nSELECT 1');
      declare({ timeout: timeout() });
      Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
    });
});
