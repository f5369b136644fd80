import * as path from 'path';
import { Stack } from 'aws-cdk-lib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { stageImage, stagePlaceholder } from './build-context';
import { FunctionImage } from './function-image';
import { ImageHandler } from './image-handler';
import { resolveImage } from './resolved-image';
import { checkBundling } from '../checks/bundling-props';
import { expectLiterals } from '../checks/expect';
import { DuckDbFunctionProps } from '../duckdb-function-props';
import { bundleHandler } from '../handler/handler-bundle';
import { findProject, resolveEntry } from '../handler/handler-project';
import { HandlerProps } from '../handler/handler-props';
import { stageNodeModules } from '../node-modules/node-modules';

/** The image that is built from the entry when the stack is deployed. */
export function builtImage(scope: Construct, props: DuckDbFunctionProps, architecture: Architecture, at: string): FunctionImage {
  checkHandler(props, at);
  if (props.entry === undefined) {
    throw new Error(`${at} has neither entry nor code: name the handler's source file, as in entry: 'src/reports.ts', or a prebuilt image, `
      + 'as in code: lambda.DockerImageCode.fromEcr(repository)');
  }
  const entry = resolveEntry(props.entry);
  const project = findProject(entry, props);
  const image = resolveImage(props, architecture, { entry, lockFile: project.lockFile }, at);
  const handler = bundledHandler({
    app: scope.node.root,
    entry,
    handler: props.handler ?? 'handler',
    projectRoot: project.root,
    depsLockFile: project.lockFile,
    baseImage: image.baseImage,
    bundling: props.bundling ?? {},
  });
  const staged = Stack.of(scope).bundlingRequired ? stageImage(image, handler) : stagePlaceholder();
  return { ...staged, nodeApiVersion: image.nodeApiVersion, duckdbVersion: image.duckdbVersion, extensions: image.extensions };
}

function bundledHandler(props: HandlerProps): ImageHandler {
  const nodeModules = props.bundling.nodeModules ?? [];
  return {
    command: `index.${props.handler}`,
    sections: nodeModules.length > 0 ? ['node modules'] : [],
    stage: (context) => {
      if (nodeModules.length > 0) stageNodeModules(nodeModules, props, path.join(context, 'modules'));
      bundleHandler(props, path.join(context, 'handler'));
    },
  };
}

function checkHandler({ entry, handler, projectRoot, depsLockFilePath, bundling }: DuckDbFunctionProps, at: string): void {
  expectLiterals({
    entry: [entry, 'src/reports.ts'],
    handler: [handler, 'handler'],
    projectRoot: [projectRoot, '.'],
    depsLockFilePath: [depsLockFilePath, 'package-lock.json'],
  }, at);
  checkBundling(bundling, at);
}
