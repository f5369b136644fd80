import * as lambda from 'aws-cdk-lib/aws-lambda';
import { RUNTIME_CONFIG_VARIABLE } from '../runtime/runtime-config';

/** Options of Lambda functions that functions from an image cannot have. */
const NOT_FOR_IMAGES: { [prop in keyof lambda.FunctionOptions | 'runtime']?: string } = {
  runtime: 'the image has its own; choose it with baseImage, such as "public.ecr.aws/lambda/nodejs:24"',
  layers: 'an image contains its files itself; add them with your own baseImage',
  snapStart: 'Lambda has no SnapStart for images',
  paramsAndSecrets: 'it is a layer; the bootstrap steps fetch their secrets themselves',
  runtimeManagementMode: 'the runtime is part of the image; update the baseImage instead',
  codeSigningConfig: 'Lambda has no code signing for images',
};

/** Refuses options that would have no effect, or that the deployment would refuse. */
export function refuseWhatImagesLack(options: lambda.FunctionOptions, at: string): void {
  for (const [prop, reason] of Object.entries(NOT_FOR_IMAGES)) {
    if (options[prop as keyof lambda.FunctionOptions] !== undefined) {
      throw new Error(`${at} has the prop ${prop}, which a function from an image cannot have: ${reason}`);
    }
  }
  if (options.environment?.[RUNTIME_CONFIG_VARIABLE] !== undefined) {
    throw new Error(`${at} sets the environment variable ${RUNTIME_CONFIG_VARIABLE}, which the construct sets for the runtime: remove it`);
  }
}
