import { existsSync, readdirSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { Certificates, makeCertificates } from '../../../../bed/servers/certificates';
import { temporaryDirectory } from '../../../../temporary-directory';
import { expectSuccess } from '../../command';
import { install } from '../../install';
import { pathOf, served, startMirror } from '../../mirror';
import { describeWithOfficialExtensions, extensionFile, officialExtension, TESTED } from '../../official-extensions';

const NAME = 'odbc_scanner';
const PATH = pathOf(NAME);

describeWithOfficialExtensions('a download', () => {
  const bytes = () => gzipSync(officialExtension(NAME));

  it.each([403, 404, 410])('that is answered %i is not tried again', async (status) => {
    const target = temporaryDirectory();
    const mirror = await startMirror({ [PATH]: (_, response) => response.writeHead(status).end() });

    const { code, error } = await install(mirror.url, target, [NAME]);

    expect(code).toBe(1);
    expect(error).toContain(`duckdb-extensions: ${NAME}: ${mirror.url}${PATH} answered ${status}`);
    expect(mirror.asked).toEqual([`GET ${PATH}`]);
  });

  it('that is answered 403 or 404 says what to do', async () => {
    const mirror = await startMirror({ [PATH]: (_, response) => response.writeHead(403).end() });

    expect((await install(mirror.url, temporaryDirectory(), [NAME])).error)
      .toContain('answered 403 Forbidden; it may need credentials: pass them with --credentials FILE');
    expect((await install(mirror.url, temporaryDirectory(), ['inet'])).error)
      .toContain('answered 404 Not Found; check the name, and that the mirror has this version and platform');
  });

  it.concurrent('that is answered 503 is tried again, after a pause, with a line for the log', async () => {
    const target = temporaryDirectory();
    const times: number[] = [];
    const mirror = await startMirror({
      [PATH]: (_, response) => {
        times.push(Date.now());
        if (times.length < 3) response.writeHead(503).end();
        else response.end(bytes());
      },
    });

    const { code, stderr } = await install(mirror.url, target, [NAME]);

    expectSuccess({ code, stderr });
    expect(stderr).toContain(`${mirror.url}${PATH} answered 503 Service Unavailable; trying again in 0.5 s`);
    expect(stderr).toContain('trying again in 1 s');
    expect(times[2] - times[1]).toBeGreaterThan(900);
    expect(existsSync(extensionFile(target, NAME))).toBe(true);
  });

  it.concurrent('that is always answered 503 ends after four attempts', async () => {
    const mirror = await startMirror({ [PATH]: (_, response) => response.writeHead(503).end() });

    const { code, error } = await install(mirror.url, temporaryDirectory(), [NAME]);

    expect(code).toBe(1);
    expect(error).toContain('answered 503 Service Unavailable (tried 4 times); check the address, the network and HTTPS_PROXY');
    expect(mirror.asked).toHaveLength(4);
  });

  it.concurrent('whose connection breaks half-way is tried again', async () => {
    const target = temporaryDirectory();
    let attempts = 0;
    const mirror = await startMirror({ [PATH]: (_, response) => (++attempts === 1 ? breakOff(response, bytes()) : response.end(bytes())) });

    const { code, stderr } = await install(mirror.url, target, [NAME]);

    expect(stderr).toContain(`${mirror.url}${PATH} could not be reached: aborted; trying again in 0.5 s`);
    expectSuccess({ code, stderr });
  });

  it.concurrent('without a server is tried again, and then fails', async () => {
    const { code, error } = await install('http://127.0.0.1:1', temporaryDirectory(), [NAME, '--timeout', '3']);

    expect(code).toBe(1);
    expect(error).toContain(`${NAME}: http://127.0.0.1:1${PATH} could not be reached: connect ECONNREFUSED 127.0.0.1:1 (tried 3 times)`);
  });

  it.concurrent.each<[string, (response: ServerResponse) => void]>([
    ['before it answers', () => {}],
    ['half-way', (response) => { response.writeHead(200, { 'content-length': '1000000' }).write(Buffer.alloc(1000)); }],
  ])('from a mirror that stalls %s is given up and tried again', async (_, stall) => {
    const target = temporaryDirectory();
    let attempts = 0;
    const mirror = await startMirror({ [PATH]: (__, response) => { if (++attempts === 1) stall(response); else response.end(bytes()); } });

    const { code, stderr } = await install(mirror.url, target, [NAME, '--timeout', '4']);

    expect(stderr).toContain(`${mirror.url}${PATH} sent nothing for 1 s; trying again in 0.5 s`);
    expectSuccess({ code, stderr });
  });

  it.concurrent('that never ends is stopped at the time limit', async () => {
    const target = temporaryDirectory();
    const mirror = await startMirror({ [PATH]: trickle });
    const start = Date.now();

    const { code, error } = await install(mirror.url, target, [NAME, '--timeout', '4']);

    expect(code).toBe(1);
    expect(error).toContain(`${mirror.url}${PATH} took longer than the time limit of 4 s; raise it with --timeout`);
    expect(Date.now() - start).toBeLessThan(15_000);
    expect(readdirSync(target)).toEqual([`v${TESTED.version}`]);
  });

  it.concurrent('that takes long shows how far it is, for a log', async () => {
    const body = bytes();
    const mirror = await startMirror({
      [PATH]: (_, response) => {
        response.writeHead(200, { 'content-length': body.length }).write(body.subarray(0, 100_000));
        setTimeout(() => response.end(body.subarray(100_000)), 6500);
      },
    });

    const outcome = await install(mirror.url, temporaryDirectory(), [NAME]);

    expectSuccess(outcome);
    expect(outcome.stderr).toMatch(/duckdb_extension\.gz \d\.\d of 0\.3 MB\n/);
  });

  it('is redirected, with the first address in the manifest and without credentials for another host', async () => {
    const storage = await startMirror(served({ [NAME]: officialExtension(NAME) }));
    const mirror = await startMirror({ [PATH]: redirect(`${storage.url}${PATH}`) });
    const target = temporaryDirectory();

    const { code, stderr } = await install(mirror.url.replace('//', '//me:sesame@'), target, [NAME]);

    expectSuccess({ code, stderr });
    expect(stderr).toContain(`signature verified, from ${mirror.url}${PATH}`);
    expect(mirror.headers[0].authorization).toBe(`Basic ${Buffer.from('me:sesame').toString('base64')}`);
    expect(storage.asked).toEqual([`GET ${PATH}`]);
    expect(storage.headers[0].authorization).toBeUndefined();
  });

  it('that is redirected in a circle is given up', async () => {
    const mirror = await startMirror({ [PATH]: redirect(PATH) });

    const { code, error } = await install(mirror.url, temporaryDirectory(), [NAME]);

    expect(code).toBe(1);
    expect(error).toContain(`${mirror.url}${PATH} redirects more than 5 times`);
    expect(mirror.asked).toHaveLength(6);
  });

  describe('over TLS with an authority of its own', () => {
    let certificates: Certificates;
    beforeAll(async () => { certificates = await makeCertificates(temporaryDirectory(), ['127.0.0.1']); });

    it('is refused at once, and the error says how to trust it', async () => {
      const mirror = await startMirror(served({ [NAME]: officialExtension(NAME) }), certificates);

      const { code, error } = await install(mirror.url, temporaryDirectory(), [NAME]);

      expect(code).toBe(1);
      expect(error).toMatch(/has a TLS certificate that is not trusted \([A-Z_]+\); for a proxy or mirror with .* pass its certificate with --ca FILE/);
      expect(mirror.asked).toEqual([]);
    });

    it.each([
      ['--ca', (ca: string) => ({ args: ['--ca', ca] })],
      ['NODE_EXTRA_CA_CERTS', (ca: string) => ({ args: [], env: { NODE_EXTRA_CA_CERTS: ca } })],
      ['--ca beside NODE_EXTRA_CA_CERTS', (ca: string) => ({ args: ['--ca', certificates.certFile], env: { NODE_EXTRA_CA_CERTS: ca } })],
    ])('works with %s', async (_, how) => {
      const mirror = await startMirror(served({ [NAME]: officialExtension(NAME) }), certificates);
      const { args, env } = how(certificates.certFile.replace('server.crt', 'ca.crt')) as { args: string[]; env?: Record<string, string> };

      expect(await install(mirror.url, temporaryDirectory(), [NAME, ...args], { env })).toMatchObject({ code: 0 });
    });

    it('is not redirected to plain HTTP', async () => {
      const storage = await startMirror(served({ [NAME]: officialExtension(NAME) }));
      const mirror = await startMirror({ [PATH]: redirect(`${storage.url}${PATH}`) }, certificates);

      const { error } = await install(mirror.url, temporaryDirectory(), [NAME, '--ca', certificates.certFile.replace('server.crt', 'ca.crt')]);

      expect(error).toContain(`redirects from https to ${storage.url}${PATH}`);
      expect(storage.asked).toEqual([]);
    });
  });
});

function redirect(location: string) {
  return (_: IncomingMessage, response: ServerResponse) => response.writeHead(302, { location }).end();
}

function breakOff(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { 'content-length': body.length });
  response.write(body.subarray(0, 100_000), () => response.destroy());
}

function trickle(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': '1000000' });
  const timer = setInterval(() => response.write('.'), 100);
  response.on('close', () => clearInterval(timer));
}
