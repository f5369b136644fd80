import { Annotations, Aspects, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';
import { DuckDbHttpOptions } from '../duckdb-http-options';

/** What an integration is in a template. Newer versions of CDK than this library's lowest have a prop for its mode. */
interface Integration {
  readonly Uri?: unknown;
  readonly ResponseTransferMode?: unknown;
}

/** Warns of methods of REST APIs in the stack that pass on the answers of `fn` in another way than it gives them. */
export function warnOfRestApis(fn: lambda.IFunction, { streaming = false }: DuckDbHttpOptions): void {
  const stack = Stack.of(fn);
  const arn = JSON.stringify(stack.resolve(fn.functionArn));
  Aspects.of(stack).add({
    visit(node: IConstruct) {
      if (!isMethod(node)) return;
      const { Uri, ResponseTransferMode } = integrationOf(node, stack);
      const streams = ResponseTransferMode === 'STREAM';
      if (streams === streaming || !JSON.stringify(Uri ?? '').includes(arn)) return;
      Annotations.of(node).addWarningV2('cdk-duckdb-lambda:responseTransferMode',
        `this method of a REST API ${streams ? 'streams' : 'does not stream'}, and ${fn.node.path} ${streaming ? 'does' : 'does not'}, so clients cannot read its answers: `
        + (streams ? 'set http: { streaming: true } of the function, or leave out the response transfer mode' : 'set the response transfer mode STREAM of its integration, or set '
        + 'http.streaming to false'));
    },
  });
}

/** As the template has it, with overrides. */
function integrationOf(node: apigateway.CfnMethod, stack: Stack): Integration {
  const { Resources } = stack.resolve((node as any)._toCloudFormation());
  const [resource] = Object.values<any>(Resources);
  return resource.Properties?.Integration ?? {};
}

/** `instanceof` would not do: a project may have two copies of the class. */
function isMethod(node: IConstruct): node is apigateway.CfnMethod {
  return (node as Partial<apigateway.CfnMethod>).cfnResourceType === apigateway.CfnMethod.CFN_RESOURCE_TYPE_NAME;
}
