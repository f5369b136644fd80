import * as path from 'path';
import { CfnResource, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { DuckDbHttpOptions, DuckDbQueryFunction } from '../../src';
import { unbundledStack } from '../duckdb-function/unbundled';

let stack: Stack;
beforeEach(() => void (stack = unbundledStack()));

const warnings = () => Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('responseTransferMode'))
  .map(({ id, entry }) => [id, entry.data as string]);

/** A REST API whose only method passes requests on to `handler`. */
function restApi(handler: lambda.IFunction, { mode }: { mode?: string } = {}): void {
  const method = new apigateway.RestApi(stack, 'Api').root.addMethod('GET', new apigateway.LambdaIntegration(handler));
  if (mode !== undefined) (method.node.defaultChild as CfnResource).addPropertyOverride('Integration.ResponseTransferMode', mode);
}

test.each<[DuckDbHttpOptions | undefined, string | undefined, RegExp | undefined]>([
  [undefined, undefined, undefined],
  [{ streaming: true }, 'STREAM', undefined],
  [{ streaming: true }, undefined, /^this method of a REST API does not stream, and Stack\/Sales does, .*: set the response transfer mode STREAM of its integration/],
  [{ streaming: true }, 'BUFFERED', /^this method of a REST API does not stream/],
  [{}, 'STREAM', /^this method of a REST API streams, and Stack\/Sales does not, .*: set http: \{ streaming: true \} of the function/],
])('of a function with http %j, a method with the response transfer mode %s', (http, mode, warning) => {
  restApi(new DuckDbQueryFunction(stack, 'Sales', { queries: path.join(__dirname, '..', 'fixtures', 'queries'), http }), { mode });
  expect(warnings()).toEqual(warning === undefined ? [] : [['/Stack/Api/Default/GET/Resource', expect.stringMatching(warning)]]);
});

test('a method of another function is not looked at', () => {
  new DuckDbQueryFunction(stack, 'Sales', { queries: path.join(__dirname, '..', 'fixtures', 'queries'), http: { streaming: true } });
  restApi(new lambda.Function(stack, 'Other', { runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler', code: lambda.Code.fromInline('x') }));
  expect(warnings()).toEqual([]);
});
