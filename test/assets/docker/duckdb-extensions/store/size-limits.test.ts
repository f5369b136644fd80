import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import { temporaryDirectory } from '../../../../temporary-directory';
import { duckdbExtensions } from '../../command';
import { install } from '../../install';
import { pathOf, startMirror } from '../../mirror';
import { extensionFile, libduckdb, TESTED } from '../../official-extensions';
import { zipOfDeflated } from '../../zip-archive';

const NAME = 'odbc_scanner';
const PAGE = '/simple/duckdb-extension-odbc-scanner/';
const WHEEL = `duckdb_extension_odbc_scanner-${TESTED.version}-py3-none-manylinux2014_x86_64.whl`;
const INSIDE = `duckdb_extension_odbc_scanner/extensions/v${TESTED.version}/odbc_scanner.duckdb_extension`;

const MIB = Buffer.alloc(1024 ** 2);
/** More than the 512 MiB that a file may have. */
const MIBS = 520;

/** A gzip file may have any number of members. */
const gzipBomb = () => Buffer.concat(Array(MIBS).fill(gzipSync(MIB)));

/** Blocks that end at a byte can be put one after the other; the last two bytes are an empty one that ends them. */
const deflateBomb = () => Buffer.concat([...Array(MIBS).fill(deflateRawSync(MIB, { finishFlush: constants.Z_FULL_FLUSH })), Buffer.from([3, 0])]);

/** Sends until nobody listens. */
function endless(response: ServerResponse, status = 200): void {
  const send = () => {
    while (!response.destroyed && response.write(MIB));
  };
  response.on('drain', send).writeHead(status, { 'content-type': 'text/html' });
  send();
}

describe('what is read from elsewhere has a size at which reading ends', () => {
  const tooLarge = (what: string, mebibytes: number) =>
    `${what} more than ${mebibytes} MiB, the most that is read: check that this is the right file, and which server delivers it`;

  it('the gzipped file of a mirror, unpacked', async () => {
    const [target, mirror] = [temporaryDirectory(), await startMirror({ [pathOf(NAME)]: gzipBomb() })];

    const { code, error } = await install(mirror.url, target, [NAME]);

    expect(error).toBe(`duckdb-extensions: ${NAME}: ${mirror.url}${pathOf(NAME)} ${tooLarge('unpacks to', 512)}`);
    expect(code).toBe(1);
    expect(readdirSync(target)).toEqual([`v${TESTED.version}`]);
  });

  it('the gzipped file of a directory, unpacked', async () => {
    const source = temporaryDirectory();
    const file = `${extensionFile(source, NAME)}.gz`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, gzipBomb());

    expect((await install(source, temporaryDirectory(), [NAME])).error).toBe(`duckdb-extensions: ${NAME}: ${file} ${tooLarge('unpacks to', 512)}`);
  });

  it('the file in a wheel, unpacked', async () => {
    const mirror = await startMirror({ [PAGE]: `<a href="/wheel">${WHEEL}</a>`, '/wheel': zipOfDeflated({ [INSIDE]: deflateBomb() }) });

    expect((await install(`pypi+${mirror.url}/simple`, temporaryDirectory(), [NAME])).error)
      .toBe(`duckdb-extensions: ${NAME}: ${mirror.url}/wheel ${tooLarge('unpacks to', 512)}`);
  });

  it('a file of a mirror, by what the mirror says of it', async () => {
    const mirror = await startMirror({ [pathOf(NAME)]: (_, response) => { response.writeHead(200, { 'content-length': MIBS * 1024 ** 2 }).write(MIB); } });

    const { error } = await install(mirror.url, temporaryDirectory(), [NAME]);

    expect(error).toBe(`duckdb-extensions: ${NAME}: ${mirror.url}${pathOf(NAME)} ${tooLarge('answered with', 512)}`);
    expect(mirror.asked).toHaveLength(1);
  });

  it('the page of a Python index', async () => {
    const mirror = await startMirror({ [PAGE]: (_, response) => endless(response) });

    expect((await install(`pypi+${mirror.url}/simple`, temporaryDirectory(), [NAME])).error)
      .toBe(`duckdb-extensions: ${NAME}: ${mirror.url}${PAGE} ${tooLarge('answered with', 16)}`);
  });

  it('what a registry says of an image', async () => {
    const registry = await startMirror({
      '/v2/base/manifests/1': (request, response) => (request.method === 'HEAD' ? response.end() : endless(response)),
    });
    const file = join(temporaryDirectory(), 'duckdb.lock.json');

    const { error } = await duckdbExtensions(['lock', '--lock', file, '--version', TESTED.version, '--platform', 'linux_amd64', '--libduckdb', libduckdb(),
      '--base-image', `${registry.host}/base:1`]);

    expect(error).toContain(`/v2/base/manifests/1 ${tooLarge('answered with', 16)}`);
  });

  it('an error is known by its status, whatever comes with it', async () => {
    const mirror = await startMirror({ [pathOf(NAME)]: (_, response) => endless(response, 403) });

    expect((await install(mirror.url, temporaryDirectory(), [NAME])).error).toContain(`${pathOf(NAME)} answered 403 Forbidden`);
  });
});
