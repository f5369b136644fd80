import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { synthesise } from './built-function';
import { client, duckdb } from '../../assets/docker/versions.json';
import { DuckDbExtension, ExtensionRepository } from '../../src';
import { pathOf, startMirror } from '../assets/docker/mirror';
import { extensionFile, officialExtension, OTHER_PLATFORM, THIS_MACHINE } from '../assets/docker/official-extensions';
import { buildFunctionImage, docker, lambdaBaseImage, repositoryRoot, type SynthesisedFunction } from '../bed';
import { withArm64 } from '../bed/docker/emulation';
import { describeWith } from '../bed/require';
import { temporaryDirectory } from '../temporary-directory';

const SOURCE = `
  import { cursor } from 'cdk-duckdb-lambda/runtime';
  export const handler = (event: { sql: string }) => cursor((c) => c.query(event.sql));
`;
const INSTALLER = join(repositoryRoot, 'assets', 'docker', 'install-extensions.mjs');
const extensions = [DuckDbExtension.core('inet')];

describeWith('lambda', 'a lock file', () => {
  let lockFile: string;

  const changed = (change: (lock: any) => void) => {
    const file = join(temporaryDirectory(), 'duckdb.lock.json');
    const lock = JSON.parse(readFileSync(lockFile, 'utf8'));
    change(lock);
    writeFileSync(file, JSON.stringify(lock));
    return file;
  };

  beforeAll(() => {
    lockFile = join(temporaryDirectory(), 'duckdb.lock.json');
    execFileSync(process.execPath, [INSTALLER, 'lock', '--lock', lockFile, '--version', THIS_MACHINE.version, '--platform', THIS_MACHINE.platform,
      '--node-api', client, '--source', 'pypi', 'inet'], { stdio: 'pipe' });
  }, 120_000);

  test('makes the same image content from the same inputs', async () => {
    const fn = await synthesise({ source: SOURCE, extensions, lockFile });
    const contents: string[][] = [];
    for (const tag of ['one', 'two'].map((name) => `${fn.assetHash.slice(0, 12)}-${name}`)) {
      await docker(['build', '--quiet', '--no-cache', '--tag', tag, ...fn.buildOptions, fn.context], { timeoutMs: 300_000 });
      contents.push(await contentOf(tag));
      await docker(['rmi', tag]);
    }
    expect(contents[0].length).toBeGreaterThan(100);
    expect(contents[1]).toEqual(contents[0]);
  }, 300_000);

  test('stops the build where an extension is another one than the pinned', async () => {
    const other = changed((lock) => { lock.extensions[THIS_MACHINE.platform].inet.sha256 = 'a'.repeat(64); });
    await expect(buildFunctionImage(await synthesise({ source: SOURCE, extensions, lockFile: other })))
      .rejects.toThrow(/duckdb-extensions: inet.*SHA-256.*pins a{64}/);
  }, 120_000);

  test('stops the build where a package of the client is another one than the pinned', async () => {
    const other = changed((lock) => { lock.nodeApi['@duckdb/node-api'].integrity = `sha512-${Buffer.alloc(64).toString('base64')}`; });
    await expect(buildFunctionImage(await synthesise({ source: SOURCE, extensions, lockFile: other }))).rejects.toThrow(/EINTEGRITY/);
  }, 120_000);

  test('pins the base image in the line that the build starts from', async () => {
    const { reference } = await lambdaBaseImage();
    const digest = `sha256:${'b'.repeat(64)}`;
    const other = changed((lock) => { lock.baseImage = { reference, digest }; });
    const fn = await synthesise({ source: SOURCE, extensions, lockFile: other });
    expect(fn.buildOptions).toContain(`BASE_IMAGE=${reference}@${digest}`);
    expect(readFileSync(join(fn.context, 'Dockerfile'), 'utf8')).toMatch(/^FROM \$\{BASE_IMAGE\}$/m);
  });
});

describeWith('lambda', 'credentials of an extension repository', () => {
  test('open it to the build, and are in no template, asset manifest, build argument, layer or history', async () => {
    const password = 'hunter2-that-must-not-show';
    const mirror = await startMirror({
      [pathOf('inet', THIS_MACHINE)]: (request, response) => {
        const allowed = request.headers.authorization === `Basic ${Buffer.from(`builder:${password}`).toString('base64')}`;
        response.writeHead(allowed ? 200 : 401).end(allowed ? gzipSync(officialExtension('inet', THIS_MACHINE)) : 'no');
      },
    });
    const netrc = join(temporaryDirectory(), 'netrc');
    writeFileSync(netrc, `machine ${mirror.host.split(':')[0]} login builder password ${password}\n`);
    const props = { source: SOURCE, extensions, extensionRepository: ExtensionRepository.fromUrl(mirror.url) };

    await expect(buildFunctionImage(await synthesise(props))).rejects.toThrow(/duckdb-extensions: inet.*401/);
    const fn = await synthesise({ ...props, imageBuild: { buildSecrets: { netrc } } });
    const image = await buildFunctionImage(fn);

    expect(spawnSync('grep', ['-rlF', password, join(fn.context, '..')], { encoding: 'utf8' })).toMatchObject({ stdout: '', status: 1 });
    const { stdout: history } = await docker(['history', '--no-trunc', image]);
    expect(history).not.toContain(password);
    const { stdout: found } = await docker(['run', '--rm', '--network', 'none', '--entrypoint', '/bin/sh', image, '-c',
      `grep -rlF '${password}' /var/task /opt /root /tmp /etc || true`]);
    expect(found).toBe('');
  }, 300_000);
});

describeWith('lambda', 'an image for arm64', () => {
  const build = async (): Promise<SynthesisedFunction> => synthesise({
    source: SOURCE,
    extensions,
    architecture: Architecture.ARM_64,
    baseImage: (await lambdaBaseImage('arm64')).reference,
    buildImage: (await lambdaBaseImage()).reference,
  });

  test('is built on any machine without emulation, its extensions verified', async () => {
    const image = await buildFunctionImage(await build());
    const { stdout } = await docker(['image', 'inspect', '--format', '{{.Architecture}}', image]);
    expect(stdout.trim()).toBe('arm64');

    const files = await filesOf(image);
    const extension = join('opt', 'duckdb_extensions', `v${duckdb}`, 'linux_arm64', 'inet.duckdb_extension');
    expect(readFileSync(join(files, extension)).equals(officialExtension('inet', OTHER_PLATFORM))).toBe(true);
    const libduckdb = join(files, 'task', 'node_modules', '@duckdb', 'node-bindings-linux-arm64', 'libduckdb.so');
    expect(readFileSync(libduckdb).readUInt16LE(18)).toBe(183); // ELF: AArch64
    execFileSync(process.execPath, [INSTALLER, 'verify', '--target', join(files, 'opt', 'duckdb_extensions'),
      '--libduckdb', libduckdb], { stdio: 'pipe' });
  }, 300_000);

  test('answers, with its extension loaded, where such programs run', async () => {
    const fn = await build();
    const image = await buildFunctionImage(fn);
    const environment = Object.entries(fn.environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const script = `
      const { handler } = await import('/var/task/index.mjs');
      console.log(JSON.stringify(await handler({ sql: "SELECT host('10.1.2.3/8'::INET) AS host, (SELECT loaded FROM duckdb_extensions() WHERE extension_name = 'inet') AS loaded" })));`;
    const { stdout } = await withArm64(() => docker(['run', '--rm', '--platform', 'linux/arm64', '--network', 'none', '--read-only', '--tmpfs', '/tmp:mode=1777',
      '--user', '993:990', ...environment, '--entrypoint', '/var/lang/bin/node', image, '--input-type=module', '--eval', script], { timeoutMs: 120_000 }));
    expect(JSON.parse(stdout)).toEqual([{ host: '10.1.2.3', loaded: true }]);
  }, 300_000);
});

describeWith('lambda', 'a directory of extensions', () => {
  test('builds an image without any repository', async () => {
    // Not the common one, which other tests may be filling.
    const directory = temporaryDirectory();
    const file = extensionFile(directory, 'inet', THIS_MACHINE);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, officialExtension('inet', THIS_MACHINE));
    const fn = await synthesise({ source: SOURCE, extensions, extensionRepository: ExtensionRepository.fromDirectory(directory) });
    const { stdout } = await docker(['run', '--rm', '--network', 'none', '--entrypoint', '/bin/sh', await buildFunctionImage(fn), '-c',
      'cat /opt/duckdb_extensions/manifest.json']);
    expect(JSON.parse(stdout).extensions).toMatchObject([{ name: 'inet', repository: 'core' }]);
  }, 120_000);
});

/** What an image adds to its base: `task` and `opt`, copied out of a container that never runs. */
async function filesOf(image: string): Promise<string> {
  const directory = temporaryDirectory();
  const { stdout } = await docker(['create', image, 'index.handler']);
  await docker(['cp', `${stdout.trim()}:/var/task`, directory]);
  await docker(['cp', `${stdout.trim()}:/opt`, directory]);
  await docker(['rm', stdout.trim()]);
  return directory;
}

/** Path, mode and digest of each of those files. */
async function contentOf(image: string): Promise<string[]> {
  const directory = await filesOf(image);
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort().map((name) => {
    const stat = statSync(join(directory, name));
    const digest = stat.isFile() ? createHash('sha256').update(readFileSync(join(directory, name))).digest('hex') : 'directory';
    return `${name} ${stat.mode.toString(8)} ${digest}`;
  });
}
