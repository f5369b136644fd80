import * as lambda from 'aws-cdk-lib/aws-lambda';
import { RUNTIME_CONFIG_VARIABLE } from '../runtime/runtime-config';

/** Options of Lambda functions that functions from an image cannot have. */
const NOT_FOR_IMAGES: { [prop in keyof lambda.FunctionOptions | 'runtime']?: string } = {
  runtime: 'the image brings its own; choose it with the baseImage, such as "public.ecr.aws/lambda/nodejs:24"',
  layers: 'an image holds its files itself; add them with a baseImage of your own',
  snapStart: 'Lambda has no SnapStart for images',
  paramsAndSecrets: 'it is a layer; the bootstrap steps fetch their secrets themselves',
  runtimeManagementMode: 'the runtime is part of the image; update the baseImage instead',
  codeSigningConfig: 'Lambda has no code signing for images',
};

/** Refuses options that would be without effect, or refused when the stack is deployed. */
export function refuseWhatImagesLack(options: lambda.FunctionOptions, at: string): void {
  for (const [prop, reason] of Object.entries(NOT_FOR_IMAGES)) {
    if (options[prop as keyof lambda.FunctionOptions] !== undefined) {
      throw new Error(`${at} has the prop ${prop}, which a function from an image cannot have: ${reason}`);
    }
  }
  if (options.environment?.[RUNTIME_CONFIG_VARIABLE] !== undefined) {
    throw new Error(`${at} sets the environment variable ${RUNTIME_CONFIG_VARIABLE}, which holds what the construct tells the runtime: remove it`);
  }
}
