import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { client as CLIENT } from '../../../../../assets/docker/versions.json';
import { temporaryDirectory } from '../../../../temporary-directory';
import { duckdbExtensions, expectSuccess, type Outcome } from '../../command';
import { install } from '../../install';
import { served, startMirror } from '../../mirror';
import { motherduckStandIn } from '../../motherduck-stand-in';
import { describeWithOfficialExtensions, libduckdb, officialDirectory, OTHER_PLATFORM, TESTED } from '../../official-extensions';

const OTHER_INTEGRITY = `sha512-${'0'.repeat(86)}==`;
const OTHER_SHA256 = '0'.repeat(64);
const ODBC_SHA256 = 'cc697bee3a1581a4e7ebbc3ab7c3b2f2d645e354a64d760fdbd0fdf338a12271';

describeWithOfficialExtensions('duckdb-extensions lock', () => {
  const source = () => officialDirectory(['odbc_scanner', 'inet']);
  const lock = (file: string, ...args: string[]) => duckdbExtensions(['lock', '--lock', file, '--libduckdb', libduckdb(), ...args]);
  const newLock = async (...args: string[]) => {
    const file = join(temporaryDirectory(), 'duckdb.lock.json');
    const outcome = await lock(file, '--version', TESTED.version, '--node-api', CLIENT, '--platform', 'linux_amd64', '--source', source(), ...args);
    return { file, outcome };
  };

  /** What the first lock file holds. Others begin with it, so that npm is not asked for each. */
  let first: string;
  let firstOutcome: Outcome;
  beforeAll(async () => {
    const { file, outcome } = await newLock('odbc');
    expectSuccess(outcome);
    [first, firstOutcome] = [readFileSync(file, 'utf8'), outcome];
  });
  const lockOfOdbc = () => {
    const file = join(temporaryDirectory(), 'duckdb.lock.json');
    writeFileSync(file, first);
    return { file, content: contentOf(file) };
  };

  it('pins extensions and the client\'s packages, and says so', () => {
    const integrity = npmIntegrity();
    expect(JSON.parse(first)).toEqual({
      version: 1,
      duckdbVersion: TESTED.version,
      nodeApi: {
        '@duckdb/node-api': { version: CLIENT, integrity: integrity('@duckdb/node-api') },
        '@duckdb/node-bindings': { version: CLIENT, integrity: integrity('@duckdb/node-bindings') },
        '@duckdb/node-bindings-linux-x64': { version: CLIENT, integrity: integrity('@duckdb/node-bindings-linux-x64') },
      },
      extensions: { linux_amd64: { odbc_scanner: { repository: 'core', extensionVersion: '274a330734', sha256: ODBC_SHA256 } } },
    });
    expect(firstOutcome.stdout).toContain(`+ extensions linux_amd64 odbc_scanner sha256 ${ODBC_SHA256}\n`);
  });

  it('adds what is missing, and leaves what is pinned', async () => {
    const { file, content } = lockOfOdbc();
    content.extensions.linux_amd64.odbc_scanner.sha256 = OTHER_SHA256;
    content.nodeApi['@duckdb/node-api'].integrity = OTHER_INTEGRITY;
    writeFileSync(file, JSON.stringify(content));

    const outcome = await lock(file, '--source', source(), 'odbc', 'inet');

    expectSuccess(outcome);
    expect(outcome.stdout.split('\n').filter((line) => line.includes('sha256'))).toEqual([expect.stringMatching(/^\+ extensions linux_amd64 inet sha256 /)]);
    expect(contentOf(file).extensions.linux_amd64.odbc_scanner.sha256).toBe(OTHER_SHA256);
    expect(contentOf(file).nodeApi['@duckdb/node-api'].integrity).toBe(OTHER_INTEGRITY);
    expect((await lock(file, '--source', source(), 'odbc', 'inet')).stdout).toBe('nothing changed\n');
  });

  it('adds a platform with all that the others have', async () => {
    const { file } = lockOfOdbc();

    expectSuccess(await lock(file, '--source', officialDirectory(['odbc_scanner'], OTHER_PLATFORM), '--platform', 'linux_arm64'));

    expect(contentOf(file)).toMatchObject({
      nodeApi: { '@duckdb/node-bindings-linux-arm64': { version: CLIENT } },
      extensions: { linux_amd64: { odbc_scanner: {} }, linux_arm64: { odbc_scanner: { extensionVersion: '274a330734' } } },
    });
  });

  it('looks everything up again with --update, and prints what changes', async () => {
    const { file, content } = lockOfOdbc();
    content.extensions.linux_amd64.odbc_scanner.sha256 = OTHER_SHA256;
    writeFileSync(file, JSON.stringify(content));

    const outcome = await lock(file, '--source', source(), '--update');

    expectSuccess(outcome);
    expect(outcome.stdout).toBe(`~ extensions linux_amd64 odbc_scanner sha256 ${OTHER_SHA256} -> ${ODBC_SHA256}\n`);
    expect(contentOf(file).extensions.linux_amd64.odbc_scanner.sha256).toBe(ODBC_SHA256);
  });

  it('leaves the file as it was where something cannot be had', async () => {
    const { file } = lockOfOdbc();
    const before = readFileSync(file);

    const { code, error } = await lock(file, '--source', source(), '--update', 'tpch');

    expect(code).toBe(1);
    expect(error).toMatch(/^duckdb-extensions: tpch: .* does not exist/);
    expect(readFileSync(file)).toEqual(before);
  });

  it('changes version, client or base image with --update only', async () => {
    const { file } = lockOfOdbc();

    expect((await lock(file, '--source', source(), '--version', '1.5.4')).error)
      .toBe(`duckdb-extensions: the lock file ${file} is for DuckDB ${TESTED.version}, not 1.5.4; move it with --update`);
    expect((await lock(file, '--source', source(), '--node-api', `${TESTED.version}-r.99`)).error)
      .toBe(`duckdb-extensions: the lock file pins @duckdb/node-api ${CLIENT}, not ${TESTED.version}-r.99; change it with --update`);
  });

  it.each(['1.5.4-r.1', TESTED.version, `${CLIENT}" && touch pwned && "`])(`refuses %s as the client of DuckDB ${TESTED.version}`, async (client) => {
    const { outcome } = await newLock('--node-api', client, 'odbc');

    expect(outcome).toMatchObject({
      code: 1, error: `duckdb-extensions: "${client}" is not a version of @duckdb/node-api with DuckDB ${TESTED.version}: expected one such as ${TESTED.version}-r.1`,
    });
  });

  describe('refuses a file that holds', () => {
    const COMMAND = `${CLIENT}$(touch pwned)`;
    const client = { version: CLIENT, integrity: OTHER_INTEGRITY };
    const extension = { repository: 'core', extensionVersion: '274a330734', sha256: ODBC_SHA256 };
    const baseImage = { reference: 'node:24', digest: `sha256:${OTHER_SHA256}` };
    const written = async (change: object) => {
      const file = join(temporaryDirectory(), 'duckdb.lock.json');
      const content = { version: 1, duckdbVersion: TESTED.version, baseImage, nodeApi: { '@duckdb/node-api': client }, extensions: { linux_amd64: { odbc_scanner: extension } } };
      writeFileSync(file, JSON.stringify({ ...content, ...change }));
      return file;
    };

    it('something else, but takes it without', async () => {
      expectSuccess(await install(source(), temporaryDirectory(), ['--lock', await written({}), 'odbc']));
    });

    it.each<[string, object, string]>([
      ['a command as DuckDB\'s version', { duckdbVersion: COMMAND }, `"${COMMAND}" as duckdbVersion: expected one such as "1.5.5"`],
      ['a command as the client\'s version', { nodeApi: { '@duckdb/node-api': { ...client, version: COMMAND } } },
        `"${COMMAND}" as nodeApi @duckdb/node-api version: expected one such as "1.5.5-r.5"`],
      ['another package', { nodeApi: { 'left-pad': client } }, '"left-pad" as nodeApi name: expected one such as "@duckdb/node-api"'],
      ['no integrity', { nodeApi: { '@duckdb/node-api': { version: CLIENT } } }, 'undefined as nodeApi @duckdb/node-api integrity: expected one such as "sha512-'],
      ['no packages', { nodeApi: undefined }, 'undefined as nodeApi: expected an object'],
      ['a path as a platform', { extensions: { '../linux_amd64': {} } }, '"../linux_amd64" as extensions name: expected one such as "linux_arm64"'],
      ['a path as an extension', { extensions: { linux_amd64: { '../../evil': extension } } }, '"../../evil" as extensions linux_amd64 name: expected one such as "httpfs"'],
      ['a path as MotherDuck\'s implementation', { extensions: { linux_amd64: { 'motherduck_impl.../../evil': extension } } },
        '"motherduck_impl.../../evil" as extensions linux_amd64 name: expected one such as "httpfs"'],
      ['half a digest', { extensions: { linux_amd64: { odbc_scanner: { ...extension, sha256: '0123' } } } },
        '"0123" as extensions linux_amd64 odbc_scanner sha256: expected one such as'],
      ['another repository', { extensions: { linux_amd64: { odbc_scanner: { ...extension, repository: 'mine' } } } },
        '"mine" as extensions linux_amd64 odbc_scanner repository: expected one such as "core"'],
      ['a list', { extensions: [] }, '[] as extensions: expected an object'],
      ['a base image of two lines', { baseImage: { ...baseImage, reference: 'node:24\nUSER root' } }, '"node:24\\nUSER root" as baseImage reference: expected'],
      ['a base image without a digest', { baseImage: { reference: 'node:24' } }, 'undefined as baseImage digest: expected one such as'],
    ])('%s', async (_, change, reason) => {
      const file = await written(change);

      for (const outcome of await Promise.all([lock(file, '--source', source(), 'odbc'), install(source(), temporaryDirectory(), ['--lock', file, 'odbc'])])) {
        expect(outcome.code).toBe(1);
        expect(outcome.error).toContain(`duckdb-extensions: the lock file ${file} holds ${reason}`);
        expect(outcome.error).toContain('; restore it, or remove it and write it again with duckdb-extensions lock');
      }
    });
  });

  describe('holds an install to it', () => {
    it('that fits', async () => {
      const { file } = lockOfOdbc();

      expectSuccess(await install(source(), temporaryDirectory(), ['--lock', file, 'odbc']));
    });

    it('that gives another file', async () => {
      const { file, content } = lockOfOdbc();
      const target = temporaryDirectory();
      content.extensions.linux_amd64.odbc_scanner.sha256 = OTHER_SHA256;
      writeFileSync(file, JSON.stringify(content));

      const { code, error } = await install(source(), target, ['--lock', file, 'odbc']);

      expect(code).toBe(1);
      expect(error).toContain(`odbc_scanner.duckdb_extension has the SHA-256 ${ODBC_SHA256}, but the lock file ${file} pins ${OTHER_SHA256}; `
        + 'if the extension was released again, update the lock file with: duckdb-extensions lock --update');
      expect(existsSync(join(target, 'manifest.json'))).toBe(false);
    });

    it('that asks for more, before anything is fetched', async () => {
      const { file } = lockOfOdbc();
      const mirror = await startMirror({});

      expect((await install(mirror.url, temporaryDirectory(), ['--lock', file, 'inet'])).error)
        .toBe(`duckdb-extensions: inet: the lock file ${file} does not pin it for linux_amd64; `
          + `add it with: duckdb-extensions lock --lock ${file} --platform linux_amd64 inet`);
      expect(mirror.asked).toEqual([]);
    });

    it.each([
      ['of another version', JSON.stringify({ version: 1, duckdbVersion: '1.4.4', nodeApi: {}, extensions: {} }), `is for DuckDB 1.4.4, not ${TESTED.version}; renew it with: duckdb-extensions lock --update`],
      ['of another format', '{"version": 7}', 'is not a lock file of version 1'],
      ['that is not JSON', '{', 'is not valid JSON'],
    ])('%s is an error', async (_, text, reason) => {
      const file = join(temporaryDirectory(), 'duckdb.lock.json');
      writeFileSync(file, text);

      expect(await install(source(), temporaryDirectory(), ['--lock', file, 'odbc'])).toMatchObject({ code: 1, error: expect.stringContaining(reason) });
    });

    it('that is missing is an error', async () => {
      expect((await install(source(), temporaryDirectory(), ['--lock', './none.json', 'odbc'])).error)
        .toBe('duckdb-extensions: cannot find the lock file ./none.json; write it with: duckdb-extensions lock --lock ./none.json');
    });

    it('with the implementation of motherduck that it pins, without asking which is current', async () => {
      const { library, bytes } = motherduckStandIn();
      const files = await startMirror(served({ 'motherduck_impl.one': bytes }));
      const versions = await startMirror({ '/extension_version': '{"extensionVersion":"one"}' });
      const options = ['--libduckdb', library, '--motherduck-version-url', `${versions.url}/extension_version`, '--motherduck-url', files.url];
      const wrapper = officialDirectory(['odbc_scanner', 'motherduck']);
      const { file } = lockOfOdbc();
      expectSuccess(await lock(file, '--source', wrapper, ...options, 'motherduck'));
      expect(contentOf(file).extensions.linux_amd64['motherduck_impl.one']).toMatchObject({
        repository: 'motherduck', sha256: createHash('sha256').update(bytes).digest('hex'),
      });
      const target = temporaryDirectory();

      expectSuccess(await install(wrapper, target, ['--lock', file, ...options, 'motherduck']));

      expect(versions.asked).toHaveLength(1);
      expect(contentOf(join(target, 'manifest.json')).motherduckExtVersion).toBe('one');
      expect((await lock(file, '--source', wrapper, ...options, '--update')).stdout).toBe('nothing changed\n');
    });
  });

  describe('pins the base image', () => {
    const DIGEST = `sha256:${'ab'.repeat(32)}`;
    const OTHER_DIGEST = `sha256:${'cd'.repeat(32)}`;
    /** Of the client and the image alone. */
    const lockWithImage = async (reference: string, ...args: string[]) => {
      const { file, content: withExtension } = lockOfOdbc();
      writeFileSync(file, JSON.stringify({ ...withExtension, extensions: { linux_amd64: {} } }));
      const outcome = await lock(file, '--base-image', reference, ...args);
      return { file, outcome, content: contentOf(file) };
    };

    it('by the digest that its registry gives anyone who asks for a token', async () => {
      const registry = await startRegistry((response) => response.setHeader('docker-content-digest', DIGEST).end('{}'));

      const { outcome, content } = await lockWithImage(`${registry.host}/lambda/nodejs:24`);

      expectSuccess(outcome);
      expect(content.baseImage).toEqual({ reference: `${registry.host}/lambda/nodejs:24`, digest: DIGEST });
      expect(registry.asked).toEqual([
        'HEAD /v2/lambda/nodejs/manifests/24',
        'GET /token?service=registry&scope=repository%3Alambda%2Fnodejs%3Apull',
        'HEAD /v2/lambda/nodejs/manifests/24',
      ]);
      expect(registry.headers[0].accept).toContain('application/vnd.oci.image.index.v1+json');
    });

    it('by its manifest\'s bytes where the registry does not say', async () => {
      const registry = await startRegistry((response) => response.end('{"manifests":[]}'));

      const { content } = await lockWithImage(`${registry.host}/lambda/nodejs`);

      expect(content.baseImage.digest).toBe(`sha256:${createHash('sha256').update('{"manifests":[]}').digest('hex')}`);
      expect(registry.asked.at(-1)).toBe('GET /v2/lambda/nodejs/manifests/latest');
    });

    it.each(['registry.invalid:5000/lambda/nodejs:24', 'registry.invalid/lambda/nodejs', 'node:24', 'node'])(
      'by the digest in its own name, apart from the name: %s', async (reference) => {
        const { file, outcome, content } = await lockWithImage(`${reference}@${DIGEST}`);

        expectSuccess(outcome);
        expect(content.baseImage).toEqual({ reference, digest: DIGEST });
        expect((await lock(file, '--base-image', `${reference}@${DIGEST}`)).stdout).toBe('nothing changed\n');
        expect((await lock(file, '--base-image', reference)).stdout).toBe('nothing changed\n');
        expect((await lock(file, '--base-image', `${reference}@${OTHER_DIGEST}`)).error).toBe(`duckdb-extensions: the lock file ${file} `
          + `pins the base image ${reference}@${DIGEST}, not ${reference}@${OTHER_DIGEST}; change it with --update`);
      });

    it('by its tag with --update, also where a digest was given first', async () => {
      const registry = await startRegistry((response) => response.setHeader('docker-content-digest', OTHER_DIGEST).end('{}'));
      const { file } = await lockWithImage(`${registry.host}/lambda/nodejs:24@${DIGEST}`);

      expect((await lock(file, '--update')).stdout).toBe(`~ baseImage digest ${DIGEST} -> ${OTHER_DIGEST}\n`);
      expect(contentOf(file).baseImage.reference).toBe(`${registry.host}/lambda/nodejs:24`);
    });

    it.each(['node:24@sha256:abc', `node:24@sha512:${'ab'.repeat(64)}`, `@${DIGEST}`, 'node:24 --privileged'])('refuses %s', async (reference) => {
      expect((await lockWithImage(reference)).outcome).toMatchObject({
        code: 1, error: expect.stringContaining(`"${reference}" is not an image reference: expected one such as public.ecr.aws/lambda/nodejs:24`),
      });
    });

    it('with credentials where the registry wants them', async () => {
      const registry = await startMirror({
        '/v2/private/manifests/1': (request, response) => (request.headers.authorization === `Basic ${Buffer.from('AWS:token').toString('base64')}`
          ? response.setHeader('docker-content-digest', DIGEST).end()
          : response.writeHead(401, { 'www-authenticate': 'Basic realm="private"' }).end()),
      });
      const credentials = join(temporaryDirectory(), 'netrc');
      writeFileSync(credentials, `machine ${registry.host} login AWS password token`);

      expect((await lockWithImage(`${registry.host}/private:1`)).outcome.error)
        .toContain(`cannot find the digest of the image ${registry.host}/private:1: ${registry.url}/v2/private/manifests/1 answered 401 Unauthorized`);
      expect((await lockWithImage(`${registry.host}/private:1`, '--credentials', credentials)).content.baseImage.digest).toBe(DIGEST);
    });

    it('and changes it with --update only', async () => {
      let digest = DIGEST;
      const registry = await startRegistry((response) => response.setHeader('docker-content-digest', digest).end());
      const { file } = await lockWithImage(`${registry.host}/lambda/nodejs:24`);
      digest = OTHER_DIGEST;

      expect((await lock(file)).stdout).toBe('nothing changed\n');
      expect((await lock(file, '--base-image', `${registry.host}/lambda/nodejs:22`)).error).toContain('change it with --update');
      expect((await lock(file, '--update')).stdout).toBe(`~ baseImage digest ${DIGEST} -> ${digest}\n`);
    });
  });
});

/** Docker's registry API as far as it is asked, with the tokens that public registries want. */
async function startRegistry(manifest: (response: ServerResponse) => void) {
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (request.headers.authorization === 'Bearer let-me-in') {
      manifest(response);
    } else {
      const challenge = `Bearer realm="http://${request.headers.host}/token",service="registry",scope="repository:lambda/nodejs:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
  };
  return startMirror({
    '/v2/lambda/nodejs/manifests/24': answer,
    '/v2/lambda/nodejs/manifests/latest': answer,
    '/token?service=registry&scope=repository%3Alambda%2Fnodejs%3Apull': '{"token":"let-me-in"}',
  });
}

/** What npm itself has noted of the packages that are installed here. */
function npmIntegrity(): (name: string) => string | object {
  const { packages } = JSON.parse(readFileSync(join(__dirname, '../../../../../package-lock.json'), 'utf8'));
  return (name) => packages[`node_modules/${name}`].integrity;
}

function contentOf(file: string) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
