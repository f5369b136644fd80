import { type IncomingMessage } from 'node:http';
import { type IcebergBed, startIcebergBed, WRITE } from './iceberg-bed';
import { startAws, type AwsServer } from '../../../bed';
import { describeWith } from '../../../bed/require';
import { boto } from '../../boto';
import { runScript } from '../../built-runtime';
import { freshRuntime, type Runtime } from '../../fresh-runtime';

const EXPIRED = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>';
const TABLE = 'iceberg.db.t';
const COUNT = `SELECT count(*) AS n FROM ${TABLE}`;

describeWith(['openssl', 'icebergRest', 'aws'], 'credentials that an Iceberg catalog hands out', () => {
  let bed: IcebergBed;
  let aws: AwsServer;
  /** The session token that the catalog hands out. */
  let token: string;
  /** The status with which S3 refuses an expired one. */
  let refusal: { status: number } | undefined;

  beforeAll(async () => {
    [bed, aws] = await Promise.all([startIcebergBed({ vendsCredentials: true }), startAws()]);
    await boto(aws, "boto3.client('ssm', region_name='us-east-1').put_parameter(Name='/iceberg/token', Value='a-token-of-the-catalog', Type='SecureString')");
    const { cursor } = freshRuntime(await bed.environment([bed.step(WRITE)]));
    await cursor(async (c) => {
      await c.execute('CREATE SCHEMA iceberg.db');
      for (let file = 0; file < 4; file++) await c.execute(`${file === 0 ? `CREATE TABLE ${TABLE} AS` : `INSERT INTO ${TABLE}`} SELECT range AS i FROM range(1000)`);
    });
    // As a catalog with a warehouse on AWS does.
    bed.catalog.rewrite = (text) => text.replace('"config":{', `"config":{"s3.session-token":"${token}","s3.endpoint":"${bed.data.endpoint}",` +
      '"s3.path-style-access":"true","client.region":"us-east-1",');
    bed.data.fault = (_what, _count, { method, headers }: IncomingMessage) => (
      refusal && headers['x-amz-security-token'] !== token ? { ...refusal, body: method === 'HEAD' ? undefined : EXPIRED } : undefined
    );
  }, 120_000);
  afterAll(() => Promise.all([bed?.stop(), aws?.stop()]));

  beforeEach(() => {
    token = 'token-1';
    refusal = undefined;
  });

  async function environment(settings?: object): Promise<Record<string, string>> {
    const step = bed.step({ s3: undefined, auth: { type: 'token', token: { ssm: '/iceberg/token' } } });
    return { ...await bed.environment([step], { settings: { enable_external_file_cache: 'false', ...settings } }), AWS_ENDPOINT_URL_SSM: aws.endpoint };
  }

  async function runtime(settings?: object): Promise<Runtime> {
    return freshRuntime(await environment(settings));
  }

  const SECRETS = "SELECT name FROM duckdb_secrets() WHERE name LIKE '%internal%'";

  test('are used, and secrets of ended statements are dropped', async () => {
    const { cursor } = await runtime();
    await cursor(async (c) => {
      for (let i = 0; i < 12; i++) expect(await c.queryOne(COUNT)).toEqual({ n: 4000 });
      expect(await c.query(SECRETS)).toEqual([]);
    });
  });

  test.each([400, 403])('expired ones, answered by %d, are not used again', async (status) => {
    const { cursor } = await runtime();
    await cursor(async (c) => {
      // Their names differ in the number of a transaction, and 11 comes before 12, but 10 before 9.
      for (let i = 0; i < 12; i++) await c.queryOne(COUNT);
      token = `token-${status}`;
      refusal = { status };
      for (let i = 0; i < 3; i++) expect(await c.queryOne(COUNT)).toEqual({ n: 4000 });
    });
  });

  test('statements that begin together use and drop them without a conflict', async () => {
    const { cursor } = await runtime();
    await cursor((c) => c.execute('CREATE TABLE mine AS SELECT 1 AS i'));
    for (let round = 0; round < 12; round++) {
      const together = Array.from({ length: 8 }, () => cursor((c) => c.queryOne(COUNT)));
      expect(await Promise.all(together)).toEqual(together.map(() => ({ n: 4000 })));
    }
    expect(await cursor((c) => c.query('FROM mine'))).toEqual([{ i: 1 }]);
  });

  test('that expire while a SELECT runs: it runs again, with new ones', async () => {
    const { cursor } = await runtime();
    await cursor((c) => c.queryOne(COUNT));
    const { fault } = bed.data;
    bed.data.fault = (...request) => {
      bed.data.fault = fault;
      token = 'token-2';
      refusal = { status: 403 };
      return fault(...request);
    };
    expect(await cursor((c) => c.queryOne(COUNT))).toEqual({ n: 4000 });
    expect(token).toBe('token-2');
  });

  test('a stream goes on with its own, although statements beside it drop them', async () => {
    const { cursor } = await runtime({ threads: '1' });
    // Refuses requests without a token.
    refusal = { status: 400 };
    await cursor(async (c) => {
      let count = 0;
      let sent = Infinity;
      for await (const rows of c.stream(`SELECT i FROM ${TABLE}, range(200)`)) {
        if (count === 0) {
          expect(await cursor((other) => other.queryOne(COUNT))).toEqual({ n: 4000 });
          expect(await cursor((other) => other.query(SECRETS))).toEqual([]);
          sent = bed.data.requests.length;
        }
        count += rows.length;
      }
      expect(count).toBe(800_000);
      expect(bed.data.requests.length).toBeGreaterThan(sent);
    });
  });

  // In processes of their own, because nothing but its end would free a thread that hangs.
  describe.each([400, 403])('after S3 has answered %d to expired ones', (status) => {
    beforeEach(() => {
      const data = bed.data.fault;
      const [held, finished] = [signal(), signal()];
      let isHeld = true;
      const told: Record<string, () => unknown> = {
        '/expire': () => {
          token = 'token-2';
          refusal = { status };
        },
        '/hold': () => {
          bed.data.fault = async (what, count, request) => {
            if (!isHeld || !request.url!.includes('/data/')) return data(what, count, request);
            isHeld = false;
            held.give();
            await finished.given;
            bed.data.fault = data;
            return undefined;
          };
        },
        '/held': () => held.given,
        '/finish': () => finished.give(),
      };
      bed.catalog.fault = async (_what, _count, { url }) => {
        if (!(url! in told)) return undefined;
        await told[url!]!();
        return { status: 200 };
      };
    });
    afterEach(() => {
      bed.catalog.fault = () => undefined;
    });

    async function printed(script: string): Promise<unknown[]> {
      const { stdout, stderr } = await runScript(`
        import { writeSync } from 'node:fs';
        import { cursor } from 'cdk-duckdb-lambda/runtime';
        const print = (value) => writeSync(1, JSON.stringify(value) + '\\n');
        const count = () => cursor({ signal: AbortSignal.timeout(5000) }, (c) => c.queryOne('${COUNT}')).catch(({ code }) => code);
        const tell = (what) => fetch('${bed.catalog.endpoint}/' + what);
        await cursor((c) => c.execute('CREATE TABLE mine AS SELECT 1 AS i'));
        ${script}
        print(await count());
        print(await cursor((c) => c.queryOne('FROM mine')));
        process.kill(process.pid, 'SIGKILL');`, { env: await environment() });
      expect(stderr).toBe('');
      return stdout.trim().split('\n').map((line) => JSON.parse(line));
    }

    test('beside a stream that outlives its own, statements have new ones', async () => {
      expect(await printed(`
        await cursor(async (c) => {
          for await (const rows of c.stream('SELECT i FROM ${TABLE}')) {
            for (let i = 0; i < 12; i++) await count();
            await tell('expire');
            print(await count());
            break;
          }
        });`)).toEqual([{ n: 4000 }, { n: 4000 }, { i: 1 }]);
    });

    test('beside a statement that outlives its own, others fail until it ends, and none hangs', async () => {
      expect(await printed(`
        await count();
        await tell('hold');
        const running = cursor((c) => c.queryOne('${COUNT} WHERE i >= $1', [0])).catch(({ code }) => code);
        await tell('held');
        await tell('expire');
        print(await count());
        await tell('finish');
        print(await running);`)).toEqual(['QUERY', { n: 4000 }, { n: 4000 }, { i: 1 }]);
    });
  });
});

function signal(): { readonly given: Promise<void>; give(): void } {
  let give = () => {};
  return { given: new Promise((resolve) => { give = resolve; }), give: () => give() };
}
