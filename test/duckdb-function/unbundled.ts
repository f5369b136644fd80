import * as path from 'path';
import { App, Environment, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';

/** A handler for functions whose image does not matter. */
export const ENTRY = path.join(__dirname, '..', 'fixtures', 'handler.ts');

export const ENV = { account: '111111111111', region: 'eu-west-1' };

/** An app that bundles nothing, as its users' tests may do it: what is in the image is tested elsewhere. */
export function unbundledApp(): App {
  return new App({ context: { 'aws:cdk:bundling-stacks': [] } });
}

export function unbundledStack(env: Environment = ENV): Stack {
  return new Stack(unbundledApp(), 'Stack', { env });
}

/** What the runtime of the stack's one function reads, with what only a deployment knows as `*`. */
export function runtimeConfig(stack: Stack): any {
  const [fn] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  const value = fn.Properties.Environment.Variables.DUCKDB_LAMBDA_CONFIG;
  const text = typeof value === 'string' ? value : value['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : '*')).join('');
  return JSON.parse(text.replace(/:\*([,}])/g, ':"*"$1'));
}
