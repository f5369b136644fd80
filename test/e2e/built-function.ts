import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { NetworkMode } from 'aws-cdk-lib/aws-ecr-assets';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import {
  DuckDbFunction, DuckDbFunctionOptions, DuckDbFunctionProps, DuckDbImageBuildOptions, DuckDbQueryFunction, DuckDbQueryFunctionProps,
  ExtensionRepository,
} from '../../src';
import {
  buildFunctionImage, buildNetwork, lambdaBaseImage, runFunction, synthesisedFunctions,
  type RunFunctionOptions, type RunningFunction, type SynthesisedFunction,
} from '../bed';
import { temporaryDirectory } from '../temporary-directory';

/** This machine's. */
export const HOST_ARCHITECTURE = process.arch === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64;

/** Props of a function whose image can be built on this machine. */
export type BuildableProps = Omit<DuckDbFunctionProps, 'entry'> & {
  /** The handler's source. */
  readonly source: string;
};

/** Synthesises a stack of one function for this machine: its own architecture, the test bed's base image, extensions from PyPI. */
export async function synthesise(
  { source, ...props }: BuildableProps,
  prepare?: (stack: Stack) => Partial<DuckDbFunctionProps>,
): Promise<SynthesisedFunction> {
  const entry = join(temporaryDirectory(), 'handler.ts');
  writeFileSync(entry, source);
  const { imageBuild, ...options } = await optionsOfThisMachine(props.imageBuild);
  return synthesised((stack) => new DuckDbFunction(stack, 'Function', { entry, ...options, ...props, ...prepare?.(stack), imageBuild }));
}

/** The same for a function of queries. */
export async function synthesiseQueries(
  props: DuckDbQueryFunctionProps, prepare?: (stack: Stack) => Partial<DuckDbQueryFunctionProps>,
): Promise<SynthesisedFunction> {
  const { imageBuild, ...options } = await optionsOfThisMachine(props.imageBuild);
  return synthesised((stack) => new DuckDbQueryFunction(stack, 'Function', { ...options, ...props, ...prepare?.(stack), imageBuild }));
}

/** What a function needs so that its image can be built on this machine. */
export async function optionsOfThisMachine(imageBuild?: DuckDbImageBuildOptions): Promise<DuckDbFunctionOptions> {
  const network = await buildNetwork();
  return {
    architecture: HOST_ARCHITECTURE,
    baseImage: (await lambdaBaseImage()).reference,
    extensionRepository: ExtensionRepository.fromPyPi(),
    imageBuild: {
      networkMode: network.network ? NetworkMode.custom(network.network) : undefined,
      ...imageBuild,
      buildArgs: { ...network.buildArgs, ...imageBuild?.buildArgs },
    },
  };
}

function synthesised(declare: (stack: Stack) => unknown): SynthesisedFunction {
  const app = new App({ outdir: temporaryDirectory() });
  declare(new Stack(app, 'Stack'));
  return synthesisedFunctions(app.synth().directory)[0];
}

/** Builds a synthesised function's image and starts it with its own command, environment and limits. */
export async function start(fn: SynthesisedFunction, options: Partial<RunFunctionOptions> = {}): Promise<RunningFunction> {
  return runFunction({
    image: await buildFunctionImage(fn),
    command: fn.command,
    memoryMb: fn.memoryMb,
    timeoutSeconds: fn.timeoutSeconds,
    ...options,
    env: { ...fn.environment, ...options.env },
  });
}
