import { App } from 'aws-cdk-lib';
import { NetworkMode } from 'aws-cdk-lib/aws-ecr-assets';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { ImageProps } from '../../examples/sales/stack';
import { bedPath, buildFunctionImage, buildNetwork, lambdaBaseImage, synthesisedFunctions, type SynthesisedFunction } from '../../test/bed';
import { ExtensionRepository } from 'cdk-duckdb-lambda';

/** A function of a synthesised stack, and the image that was built from it. */
export interface BuiltFunction extends SynthesisedFunction {
  readonly image: string;
  /** The handler's module in the image. */
  readonly module: string;
}

/** Synthesises the stack that `define` makes, its one function for this machine. */
export async function synthesiseFunction(name: string, define: (app: App, image: ImageProps) => void): Promise<SynthesisedFunction> {
  const { network, buildArgs } = await buildNetwork();
  const app = new App({ outdir: bedPath('benchmarks', name) });
  define(app, {
    architecture: process.arch === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
    baseImage: (await lambdaBaseImage()).reference,
    extensionRepository: ExtensionRepository.fromPyPi(),
    imageBuild: { buildArgs, networkMode: network ? NetworkMode.custom(network) : undefined },
  });
  return synthesisedFunctions(app.synth().directory)[0];
}

/** Synthesises a function and builds its image as `cdk deploy` does. */
export async function buildFunction(name: string, define: (app: App, image: ImageProps) => void): Promise<BuiltFunction> {
  const fn = await synthesiseFunction(name, define);
  return { ...fn, image: await buildFunctionImage(fn), module: `/var/task/${fn.command[0].split('.')[0]}.mjs` };
}
