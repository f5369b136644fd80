import { createServer, request, Server } from 'node:http';
import { connect } from 'node:net';
import { makeCertificates } from '../../../../bed/servers/certificates';
import { temporaryDirectory } from '../../../../temporary-directory';
import { expectSuccess } from '../../command';
import { install } from '../../install';
import { listening, pathOf, served, startMirror } from '../../mirror';
import { describeWithOfficialExtensions, officialExtension } from '../../official-extensions';

const NAME = 'odbc_scanner';
const PASSWORD = 'pr0xy:p@ss';

interface Proxy {
  readonly host: string;
  readonly seen: { readonly what: string; readonly authorization?: string }[];
}

describeWithOfficialExtensions('a proxy', () => {
  it('of HTTPS_PROXY is tunnelled through with CONNECT, with its credentials, which are not shown', async () => {
    const folder = temporaryDirectory();
    const certificates = await makeCertificates(folder, ['127.0.0.1']);
    const mirror = await startMirror(served({ [NAME]: officialExtension(NAME) }), certificates);
    const proxy = await startProxy();

    const { code, stderr } = await install(mirror.url, temporaryDirectory(), [NAME, '--ca', `${folder}/ca.crt`],
      { env: { HTTPS_PROXY: `http://me:${encodeURIComponent(PASSWORD)}@${proxy.host}` } });

    expectSuccess({ code, stderr });
    expect(proxy.seen).toEqual([{ what: `CONNECT ${mirror.host}`, authorization: `Basic ${Buffer.from(`me:${PASSWORD}`).toString('base64')}` }]);
    expect(mirror.headers[0]['proxy-authorization']).toBeUndefined();
    expect(stderr).not.toContain('p@ss');
    expect(stderr).not.toContain('p%40ss');
  });

  it('of http_proxy is asked for plain HTTP', async () => {
    const mirror = await startMirror(served({ [NAME]: officialExtension(NAME) }));
    const proxy = await startProxy();

    const { code, stderr } = await install(mirror.url, temporaryDirectory(), [NAME], { env: { http_proxy: proxy.host } });

    expectSuccess({ code, stderr });
    expect(proxy.seen).toEqual([{ what: `GET ${mirror.url}${pathOf(NAME)}` }]);
  });

  it.each(['127.0.0.1', 'example.com, 127.0.0.1:PORT', '*'])('is left out for what NO_PROXY="%s" names', async (exempt) => {
    const mirror = await startMirror(served({ [NAME]: officialExtension(NAME) }));
    const env = { HTTP_PROXY: 'http://127.0.0.1:1', NO_PROXY: exempt.replace('PORT', new URL(mirror.url).port) };

    expect(await install(mirror.url, temporaryDirectory(), [NAME], { env })).toMatchObject({ code: 0 });
  });

  it('that refuses is named, without its credentials', async () => {
    const proxy = await startProxy(407);

    const { code, error } = await install('https://mirror.invalid', temporaryDirectory(), [NAME],
      { env: { HTTPS_PROXY: `http://me:${encodeURIComponent(PASSWORD)}@${proxy.host}` } });

    expect(code).toBe(1);
    expect(error).toContain(`could not be reached: the proxy http://${proxy.host}/ answered 407 to CONNECT mirror.invalid:443`);
    expect(proxy.seen).toHaveLength(1);
  });
});

/** A small but real proxy: it tunnels what it is asked to CONNECT to, and forwards plain requests. */
async function startProxy(refusal?: number): Promise<Proxy> {
  const seen: { what: string; authorization?: string }[] = [];
  const server: Server = createServer((incoming, response) => {
    seen.push({ what: `${incoming.method} ${incoming.url}` });
    request(incoming.url!, { headers: incoming.headers }, (answer) => answer.pipe(response.writeHead(answer.statusCode!, answer.headers))).end();
  });
  server.on('connect', (incoming, socket) => {
    seen.push({ what: `CONNECT ${incoming.url}`, authorization: incoming.headers['proxy-authorization'] });
    if (refusal) {
      socket.end(`HTTP/1.1 ${refusal} Refused\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${incoming.url}`);
    const upstream = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('error', () => upstream.destroy());
  });
  return { host: `127.0.0.1:${await listening(server)}`, seen };
}
