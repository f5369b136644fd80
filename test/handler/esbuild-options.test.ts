import { App } from 'aws-cdk-lib';
import { esmOptions } from '../../src/handler/esbuild-options';

test.each([
  ['public.ecr.aws/lambda/nodejs:24', 'node24'],
  ['public.ecr.aws/lambda/nodejs:22@sha256:0123', 'node22'],
  ['123456789012.dkr.ecr.eu-west-1.amazonaws.com/our-base:7', 'node22'],
])('syntax for the Node.js of %s: %s', (baseImage, target) => {
  const props = { app: new App(), entry: '/app/src/handler.ts', handler: 'handler', projectRoot: '/app', baseImage, bundling: {} };
  expect(esmOptions(props).target).toBe(target);
});

test('esbuildArgs win', () => {
  const bundling = { esbuildArgs: { '--target': 'node23' } };
  const props = { app: new App(), entry: '/app/src/handler.ts', handler: 'handler', projectRoot: '/app', baseImage: 'public.ecr.aws/lambda/nodejs:24', bundling };
  expect(esmOptions(props).target).toEqual(['node23']);
});
