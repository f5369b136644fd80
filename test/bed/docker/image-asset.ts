import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { docker } from './docker';

/** A function of a synthesised stack, as CloudFormation would get it. */
export interface SynthesisedFunction {
  /** The build context that CDK staged. */
  readonly context: string;
  /** The arguments of `docker build` that the asset manifest asks for. */
  readonly buildOptions: readonly string[];
  /** What overrides the image's CMD. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly assetHash: string;
}

/** The functions in a cloud assembly; their environment must hold no reference that only a deployment resolves. */
export function synthesisedFunctions(assembly: string): SynthesisedFunction[] {
  return readdirSync(assembly).filter((name) => name.endsWith('.template.json')).flatMap((name) => {
    const template = readJson(join(assembly, name));
    const { dockerImages } = readJson(join(assembly, name.replace('.template.json', '.assets.json')));
    return Object.values<any>(template.Resources)
      .filter(({ Type, Properties }) => Type === 'AWS::Lambda::Function' && Properties.PackageType === 'Image')
      .map(({ Properties }) => {
        const [assetHash] = JSON.stringify(Properties.Code.ImageUri).match(/[0-9a-f]{64}/)!;
        const { source } = dockerImages[assetHash];
        return {
          context: join(assembly, source.directory),
          buildOptions: buildOptions(source, join(assembly, source.directory)),
          command: Properties.ImageConfig.Command,
          environment: Properties.Environment.Variables,
          memoryMb: Properties.MemorySize,
          timeoutSeconds: Properties.Timeout,
          assetHash,
        };
      });
  });
}

/** Builds a function's image with exactly the arguments of the asset manifest, as `cdk deploy` does, and returns its tag. */
export async function buildFunctionImage({ context, buildOptions: options, assetHash }: SynthesisedFunction): Promise<string> {
  const tag = `cdkasset-${assetHash}`;
  await docker(['build', '--quiet', '--tag', tag, ...options, context], { timeoutMs: 300_000 });
  return tag;
}

function buildOptions(source: any, context: string): string[] {
  return [
    ...source.dockerFile ? ['--file', join(context, source.dockerFile)] : [],
    ...Object.entries(source.dockerBuildArgs ?? {}).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...Object.entries(source.dockerBuildSecrets ?? {}).flatMap(([name, value]) => ['--secret', `id=${name},${value}`]),
    ...source.networkMode ? ['--network', source.networkMode] : [],
    ...source.platform ? ['--platform', source.platform] : [],
  ];
}

function readJson(file: string): any {
  return JSON.parse(readFileSync(file, 'utf8'));
}
