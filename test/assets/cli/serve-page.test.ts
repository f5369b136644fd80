import { type Served, serving } from './serving';
import { startBrowser, type Browser, type Page } from '../../bed';
import { describeWith } from '../../bed/require';
import { queryFolder } from '../../lib-runtime/queries/query-bed';

const MARKUP = '<script>document.title = "broken"</script><img src="x" onerror="document.title = \'broken\'">';
const TEXT = MARKUP.replace(/'/g, "''");

describeWith('browser', 'the page of serve, in a browser', () => {
  let served: Served;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    served = await serving(queryFolder({
      between: "-- @description The months in between.\n-- @param first DATE = '2025-01-01' : the first day\n-- @param last DATE : the last day\n"
        + 'SELECT month::DATE AS month, NULL AS nothing FROM generate_series($first, $last, INTERVAL 1 MONTH) t(month)',
      listed: '-- @param ids INTEGER[]\n-- @param point STRUCT(x INTEGER)\nSELECT unnest($ids) AS id, $point AS point',
      many: 'SELECT range AS i FROM range(1001)',
      written: '-- @param a INTEGER\nCREATE TEMP TABLE t (a INTEGER); INSERT INTO t VALUES ($a) RETURNING a',
      typed: '-- @param t VARCHAR = \'\'\n-- @param d DECIMAL(4, 2) = 0\n-- @param b BOOLEAN = false\n-- @param l INTEGER[] = []\n-- @param j JSON = {}\n'
        + 'CREATE TEMP TABLE t AS SELECT $t AS t, $d AS d, $b AS b, $l AS l, $j AS j; FROM t; DELETE FROM t RETURNING *',
      markup: `-- @description About ${MARKUP}\n-- @param text VARCHAR = '${TEXT}' : ${MARKUP}\nSELECT $text AS "${MARKUP.replace(/"/g, '""')}"`,
    }));
    browser = await startBrowser();
    page = await browser.open(served.url);
    await page.until('document.querySelectorAll("section").length === 6');
  }, 60_000);
  afterAll(async () => {
    await browser?.stop();
    await served?.stop();
  });

  /** The form of a query. */
  const form = (query: string) => `[...document.querySelectorAll('section')].find((each) => each.querySelector('h2').textContent === '${query}')`;

  /** Fills in the parameters of a query and runs it, as a reader does. Returns what is shown: a table's rows, or an error. */
  async function run(query: string, params: object = {}): Promise<{ request: string; note?: string; rows?: string[][]; error?: string }> {
    await page.evaluate(`{
      const section = ${form(query)};
      section.querySelector('form + div').replaceChildren();
      for (const [name, value] of Object.entries(${JSON.stringify(params)})) section.querySelector(\`[name=\${name}]\`).value = value;
      section.querySelector('button').click();
    }`);
    return page.until(`{
      const result = ${form(query)}.querySelector('form + div');
      const text = (selector) => result.querySelector(selector)?.textContent;
      const rows = [...result.querySelectorAll('tr')].map((row) => [...row.children].map((cell) => cell.textContent));
      result.children.length > 0 && {
        request: text('p').replace(/\\d+ ms/, 'N ms'), note: text('.note'), error: text('.error'), rows: rows.length > 0 ? rows : undefined,
      };
    }`);
  }

  test('lists the queries with what they say of themselves', async () => {
    expect(await page.evaluate('[...document.querySelectorAll("h2")].map((each) => each.textContent)')).toEqual(['between', 'listed', 'many', 'markup', 'typed', 'written']);
    const text = await page.evaluate<string>(`${form('between')}.innerText`);
    expect(text).toMatch(/The months in between\.\s+first\s+the first day \(DATE\)last\s+the last day \(DATE\)/);
    expect(await page.evaluate(`${form('between')}.querySelector('[name=first]').placeholder`)).toBe('2025-01-01');
  });

  test('fills in parameters and shows the table', async () => {
    expect(await run('between', { last: '2025-02-01' })).toEqual({
      request: 'between?last=2025-02-01 200, N ms', rows: [['month', 'nothing'], ['2025-01-01', 'NULL'], ['2025-02-01', 'NULL']], note: '2 rows',
    });
    expect(await run('between', { first: '2025-02-01', last: '2025-02-01' })).toMatchObject({ rows: [['month', 'nothing'], ['2025-02-01', 'NULL']], note: '1 row' });
    expect(await run('listed', { ids: '1, 2', point: '{"x":3}' })).toMatchObject({ rows: [['id', 'point'], ['1', '{"x":3}'], ['2', '{"x":3}']] });
    expect(await run('written', { a: '7' })).toMatchObject({ request: 'POST written 200, N ms', rows: [['a'], ['7']] });
    for (const text of ['5', 'true', 'null', '{"a":1}', '"']) {
      expect(await run('typed', { t: text, d: '1.50', b: 'true', l: '[1, 2]', j: '[5]' })).toMatchObject({ rows: [['t', 'd', 'b', 'l', 'j'], [text, '1.50', 'true', '[1,2]', '[5]']] });
    }
    const { rows, note } = await run('many');
    expect([rows!.length, note]).toEqual([1 + 1000, '1001 rows, of which 1000 are shown']);
  });

  test('shows an error as text, and the table again after it', async () => {
    expect(await run('between', { last: '2025-13-01' })).toEqual({
      request: 'between?first=2025-02-01&last=2025-13-01 400, N ms', error: expect.stringContaining('parameter $last is "2025-13-01", expected a date'),
    });
    expect(await run('between', { last: '2025-02-01' })).toMatchObject({ rows: [['month', 'nothing'], ['2025-02-01', 'NULL']] });
  });

  test('markup of queries and values is text', async () => {
    expect(await page.evaluate<string>(`${form('markup')}.querySelector('p').textContent`)).toBe(`About ${MARKUP}`);
    expect(await page.evaluate<string>(`${form('markup')}.querySelector('small').textContent`)).toBe(` ${MARKUP} (VARCHAR)`);
    expect(await run('markup')).toMatchObject({ rows: [[MARKUP], [MARKUP]] });
    const { error } = await run('between', { last: MARKUP });
    expect(error).toContain('<script>');
    expect(await page.evaluate('[document.title, document.querySelectorAll("img, main script").length]')).toEqual(['Queries', 0]);
  });

  test('without the server, says that there is no answer', async () => {
    await served.stop();
    expect(await run('many')).toEqual({ request: 'many', error: 'there is no answer: Failed to fetch' });
  });
});
