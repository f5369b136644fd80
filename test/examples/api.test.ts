import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { App } from 'aws-cdk-lib';
import { synthesisedExample, templateFile } from './synthesised';
import { ApiStack } from '../../examples/api/stack';
import { writeOrders } from '../../examples/sales/orders';
import { type Served, serving } from '../assets/cli/serving';
import { CONTAINER_HOST, repositoryRoot, startBrowser, startS3, synthesisedFunctions, type Browser, type Page, type RunningFunction, type S3Server } from '../bed';
import { describeWith } from '../bed/require';
import { optionsOfThisMachine, start } from '../e2e/built-function';
import { SHAPES } from '../lib-runtime/queries/http/events';
import { at, seen } from '../lib-runtime/queries/http/http-bed';
import { signedExtensions } from '../lib-runtime/signed-extensions';
import { temporaryDirectory } from '../temporary-directory';

const QUERIES = join(repositoryRoot, 'examples/api/queries');
const PAGE = join(repositoryRoot, 'examples/api/page/index.html');

/** The SQL of each query, written in another way, over the files themselves. */
const ASKED: Readonly<Record<string, string>> = {
  'months': "SELECT strftime(ordered_at, '%Y-%m') AS month, count(*)::INTEGER AS orders, sum(amount) AS revenue FROM orders GROUP BY ALL ORDER BY 1",
  'categories?month=2025-12-31': "SELECT category, count(*)::INTEGER AS orders, sum(amount) AS revenue FROM orders WHERE ordered_at >= '2025-12-01' GROUP BY ALL ORDER BY 3 DESC",
  'categories': "SELECT category, count(*)::INTEGER AS orders, sum(amount) AS revenue FROM orders WHERE ordered_at < '2025-02-01' GROUP BY ALL ORDER BY 3 DESC",
  'customers?month=2025-12-01&top=3': `
    SELECT customer_id::INTEGER AS customer_id, count(*)::INTEGER AS orders, sum(amount) AS revenue FROM orders WHERE ordered_at >= '2025-12-01'
    GROUP BY ALL ORDER BY revenue DESC, customer_id LIMIT 3`,
};

type Row = Readonly<Record<string, string | number>>;

describeWith('s3', 'the example of an API', () => {
  let s3: S3Server;
  let right: Record<string, Row[]>;

  beforeAll(async () => {
    s3 = await startS3();
    await writeOrders(join(s3.dir, 'my-data-lake'));
    right = await answersOf(join(s3.dir, 'my-data-lake'), ASKED);
  }, 60_000);
  afterAll(() => s3?.stop());

  const credentials = () => ({ AWS_REGION: s3.region, AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey });

  describe('on a developer\'s machine', () => {
    let served: Served;

    beforeAll(async () => {
      const template = templateFile(await synthesisedExample('api'), 'Api');
      served = await serving(QUERIES, ['--template', template, '--extensions', await signedExtensions('httpfs')], { ...credentials(), AWS_ENDPOINT_URL_S3: s3.endpoint });
    }, 60_000);
    afterAll(() => served?.stop());

    test.each(Object.keys(ASKED))('%s has the rows that plain DuckDB finds, for as long as @cache says', async (query) => {
      const response = await fetch(`${served.url}/sales/${query}`);
      expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'max-age=300']);
      const { rows } = await response.json() as { rows: Row[] };
      expect(rows).toEqual(right[query]);
      expect(rows.length).toBeGreaterThan(2);
    });

    describeWith('browser', 'its page, in a browser', () => {
      let website: Server;
      let browser: Browser;

      beforeAll(async () => {
        website = await startWebsite(served.url);
        const { port } = website.address() as AddressInfo;
        browser = await startBrowser({ hosts: { 'localhost:8080': port, 'localhost:8000': Number(new URL(served.url).port), 'website.example:80': port } });
      }, 60_000);
      afterAll(async () => {
        await browser?.stop();
        website?.closeAllConnections();
        website?.close();
      });

      test.each([
        ['of another origin than the API, which allows it', 'http://localhost:8080/'],
        ['at one address with the API, as behind CloudFront', 'http://website.example/'],
      ])('%s: the bars are the rows of the chosen month, also after an error', async (_, url) => {
        const page = await browser.open(url);
        await showsRows(page, right['categories?month=2025-12-31']!);
        expect(await page.evaluate('[...document.querySelector("select").options].map(({ value }) => value)')).toEqual(right.months!.map(({ month }) => month));

        // A link that somebody has mistyped.
        await page.evaluate('location.hash = "#2025-13"');
        expect(await page.until('!document.querySelector("[role=alert]").hidden && document.querySelector("[role=alert]").textContent'))
          .toBe('parameter $month is "2025-13-01", expected a date as text, such as 2025-01-31; the type of $month is DATE');
        expect(await page.evaluate('document.querySelector("figure").checkVisibility()')).toBe(false);

        await page.evaluate('{ const months = document.querySelector("select"); months.value = "2025-01"; months.dispatchEvent(new Event("change")); }');
        await showsRows(page, right.categories!);
        expect(await page.evaluate('location.hash')).toBe('#2025-01');
      });

      test('of an origin that the API does not allow', async () => {
        const other = await startBrowser({ hosts: { 'localhost:8081': (website.address() as AddressInfo).port, 'localhost:8000': Number(new URL(served.url).port) } });
        try {
          const page = await other.open('http://localhost:8081/');
          expect(await page.until('document.querySelector("[role=alert]").textContent')).toBe('Failed to fetch');
        } finally {
          await other.stop();
        }
      });
    });
  });

  describeWith('lambda', 'in its image', () => {
    let fn: RunningFunction;

    beforeAll(async () => {
      const app = new App({ outdir: temporaryDirectory() });
      new ApiStack(app, 'Api', { image: await optionsOfThisMachine() });
      const [synthesised] = synthesisedFunctions(app.synth().directory);
      fn = await start(synthesised!, { env: { ...credentials(), AWS_ENDPOINT_URL_S3: `http://${CONTAINER_HOST}:${s3.port}` } });
    }, 600_000);
    afterAll(() => fn?.stop());

    const get = async (url: string) => seen((await fn.invoke(SHAPES.functionUrl(at(url, { headers: { origin: 'http://localhost:8080' }, caller: { accountId: '123456789012' } })))).payload);

    test('answers the requests of its function URL', async () => {
      for (const query of Object.keys(ASKED)) {
        const { status, headers, text } = await get(`/sales/${query}`);
        expect([status, headers['access-control-allow-origin'], JSON.parse(text).rows]).toEqual([200, 'http://localhost:8080', right[query]]);
      }
      expect(await get('/sales/customers?top=-1')).toMatchObject({ status: 400, headers: { 'content-type': 'application/problem+json' } });
      expect(Object.keys(JSON.parse((await get('/openapi.json')).text).paths)).toEqual(['/sales/categories', '/sales/customers', '/sales/months']);
    });
  });
});

async function answersOf(bucket: string, queries: Readonly<Record<string, string>>): Promise<Record<string, Row[]>> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const answers: Record<string, Row[]> = {};
  await connection.run(`CREATE VIEW orders AS FROM read_parquet('${bucket}/orders/*/*.parquet')`);
  for (const [name, sql] of Object.entries(queries)) answers[name] = (await connection.runAndReadAll(sql)).getRowObjectsJson() as Row[];
  connection.closeSync();
  instance.closeSync();
  return answers;
}

/** The page at /, and the API below /sales/, as the distribution has them. */
async function startWebsite(api: string): Promise<Server> {
  const server = createServer((request, response) => void (async () => {
    if (!request.url!.startsWith('/sales/')) return response.setHeader('content-type', 'text/html').end(readFileSync(PAGE));
    const answer = await fetch(api + request.url);
    return response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type')! }).end(await answer.text());
  })());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Waits until the chart shows the rows: names, amounts with all digits, and bars in proportion to them. */
async function showsRows(page: Page, rows: readonly Row[]): Promise<void> {
  const [first] = rows;
  const texts = rows.flatMap(({ category, revenue }) => [category, String(revenue).replace(/\B(?=(\d{3})+\.)/g, ',')]);
  await page.until(`document.querySelector('svg').checkVisibility() && document.querySelector('svg').textContent === ${JSON.stringify(texts.join(''))}`);
  const bars = await page.evaluate<number[]>('[...document.querySelectorAll("rect")].map((each) => each.getBoundingClientRect().width)');
  expect(bars.map((width) => width / bars[0]!)).toEqual(rows.map(({ revenue }) => expect.closeTo(Number(revenue) / Number(first!.revenue), 3)));
  expect(bars[0]).toBeGreaterThan(100);
}
