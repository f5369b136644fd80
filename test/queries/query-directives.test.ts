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
    [{}, 'the query file reports/sales.sql of Stack/Sales has "@database cache", which is not declared; declared are: "default"; declare it with the prop databases'],
    [{ cachee: {} }, 'declared are: "default", "cachee"; did you mean "cachee"?'],
  ])('with the databases %j is refused', (databases, message) => {
    write('reports/sales.sql', '-- @database cache\nSELECT 1');
    expect(() => declare({ databases: databases as any })).toThrow(message);
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
