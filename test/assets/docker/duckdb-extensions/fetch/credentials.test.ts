import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { temporaryDirectory } from '../../../../temporary-directory';
import { expectSuccess, Outcome } from '../../command';
import { install } from '../../install';
import { Mirror, pathOf, startMirror } from '../../mirror';
import { describeWithOfficialExtensions, officialExtension } from '../../official-extensions';

const NAME = 'odbc_scanner';
const SECRET = 's3cr3t/t+ken';

describeWithOfficialExtensions('credentials', () => {
  const basic = `Basic ${Buffer.from(`aws:${SECRET}`).toString('base64')}`;

  /** A mirror that opens to one Authorization header only. */
  const guarded = (authorization: string) => startMirror({
    [pathOf(NAME)]: (request, response) => {
      if (request.headers.authorization === authorization) response.end(gzipSync(officialExtension(NAME)));
      else response.writeHead(401).end();
    },
  });

  it.each<[string, (mirror: Mirror) => string, string]>([
    ['by name and password', () => `machine 127.0.0.1 login aws password ${SECRET}`, basic],
    ['by port too', ({ host }) => `# the mirror\nmachine other.example login x password y\nmachine ${host}\n  login aws\n  password ${SECRET}\n`, basic],
    ['by token', () => `machine 127.0.0.1 password ${SECRET}`, `Bearer ${SECRET}`],
  ])('of a file open a mirror %s, and show nowhere', async (_, netrc, authorization) => {
    const target = temporaryDirectory();
    const mirror = await guarded(authorization);

    const outcome = await install(mirror.url, target, [NAME, '--credentials', fileWith(netrc(mirror))]);

    expectSuccess(outcome);
    expectNoSecret(outcome, target);
  });

  it('in the URL of a source open it, and show nowhere', async () => {
    const target = temporaryDirectory();
    const mirror = await guarded(basic);

    const outcome = await install(mirror.url.replace('//', `//aws:${encodeURIComponent(SECRET)}@`), target, [NAME]);

    expectSuccess(outcome);
    expectNoSecret(outcome, target);
  });

  it('that are refused show nowhere', async () => {
    const target = temporaryDirectory();
    const mirror = await guarded('Basic another');

    const outcome = await install(mirror.url.replace('//', `//aws:${encodeURIComponent(SECRET)}@`), target, [NAME]);

    expect(outcome).toMatchObject({ code: 1, error: expect.stringContaining(`${mirror.url}${pathOf(NAME)} answered 401 Unauthorized`) });
    expectNoSecret(outcome, target);
  });

  it('are for the host that they name and no other', async () => {
    const mirror = await startMirror({});

    await install(mirror.url, temporaryDirectory(), [NAME, '--credentials', fileWith(`machine mirror.example login aws password ${SECRET}`)]);

    expect(mirror.headers[0].authorization).toBeUndefined();
  });

  it.each([
    ['no entry', '# nothing here\n', 'has no entry: expected "machine HOST login USER password SECRET"'],
    ['an entry without a password', `machine a.example login ${SECRET}`, 'has an entry without machine or password'],
  ])('of a file with %s are an error that does not quote it', async (_, netrc, reason) => {
    const target = temporaryDirectory();

    const outcome = await install('http://127.0.0.1:1', target, [NAME, '--credentials', fileWith(netrc)]);

    expect(outcome).toMatchObject({ code: 1, error: expect.stringContaining(reason) });
    expectNoSecret(outcome, target);
  });
});

function fileWith(text: string): string {
  const file = join(temporaryDirectory(), 'credentials');
  writeFileSync(file, text);
  return file;
}

function expectNoSecret({ stdout, stderr }: Outcome, target: string): void {
  const written = readdirSync(target, { recursive: true, encoding: 'utf8' }).map((name) => join(target, name)).filter((file) => statSync(file).isFile());
  for (const text of [stdout, stderr, ...written.map((file) => readFileSync(file, 'latin1'))]) {
    for (const form of [SECRET, encodeURIComponent(SECRET), Buffer.from(`aws:${SECRET}`).toString('base64')]) {
      expect(text.includes(form)).toBe(false);
    }
  }
}
