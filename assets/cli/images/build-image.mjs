import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

/**
 * Builds an image asset as the CDK CLI does, under a name. Docker's own output goes to stderr.
 *
 * @see https://docs.aws.amazon.com/cdk/api/v2/docs/@aws-cdk_cloud-assembly-schema.DockerImageSource.html
 */
export function buildImage(name, assembly, source) {
  if (source.directory === undefined) throw new Error(`${name} is built by ${JSON.stringify(source.executable)}: expected an image with a Dockerfile`);
  const command = process.env.CDK_DOCKER || 'docker';
  const { status, signal, error } = spawnSync(command, ['build', '--tag', name, ...options(source), '.'], {
    cwd: resolve(assembly, source.directory),
    stdio: ['ignore', 2, 2],
    // A function's image has no attestations: Lambda refuses them.
    env: { ...process.env, BUILDX_NO_DEFAULT_ATTESTATIONS: '1' },
  });
  if (error !== undefined) throw new Error(`cannot start ${command} (${error.code}): install Docker, or name another program in CDK_DOCKER`, { cause: error });
  if (status !== 0) throw new Error(`the build of ${name} ended with ${signal ?? `the exit code ${status}`}: what ${command} says is above${builderHint(command, source.platform)}`);
}

/** Without buildx, Docker refuses to begin an image for another platform with stages that run on this machine. */
function builderHint(command, platform) {
  const ours = { x64: 'linux/amd64', arm64: 'linux/arm64' }[process.arch];
  if (platform === undefined || platform === ours || spawnSync(command, ['buildx', 'version']).status === 0) return '';
  return `. The image is for ${platform}, and this machine is ${ours}: install Docker's plug-in buildx, or give the function the architecture of this machine`;
}

function options(source) {
  const each = (option, values = {}, text = ([name, value]) => `${name}=${value}`) => Object.entries(values).flatMap((entry) => [option, text(entry)]);
  const one = (option, value) => (value === undefined ? [] : [option, value]);
  return [
    ...each('--build-arg', source.dockerBuildArgs),
    ...each('--build-context', source.dockerBuildContexts),
    ...each('--secret', source.dockerBuildSecrets, ([id, from]) => `id=${id},${from}`),
    ...one('--ssh', source.dockerBuildSsh),
    ...one('--target', source.dockerBuildTarget),
    ...one('--file', source.dockerFile),
    ...one('--network', source.networkMode),
    ...one('--platform', source.platform),
    ...(source.cacheFrom ?? []).flatMap((cache) => ['--cache-from', cacheOption(cache)]),
    ...source.cacheTo === undefined ? [] : ['--cache-to', cacheOption(source.cacheTo)],
    ...source.cacheDisabled ? ['--no-cache'] : [],
  ];
}

function cacheOption({ type, params = {} }) {
  return [`type=${type}`, ...Object.entries(params).map(([name, value]) => `${name}=${value}`)].join(',');
}
