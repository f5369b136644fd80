import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { statesOf, valueOf } from './state-machine';
import { synthesisedExample, templateFile } from './synthesised';
import { writeOrders } from '../../examples/sales/orders';
import { repositoryRoot, startS3, type S3Server } from '../bed';
import { describeWith } from '../bed/require';
import { freshRuntime } from '../lib-runtime/fresh-runtime';
import { resultsEnvironment } from '../lib-runtime/queries/query-bed';
import { signedExtensions } from '../lib-runtime/signed-extensions';

type Fields = { readonly [name: string]: any };

describeWith('s3', 'the tasks of the example of a state machine, with the runtime in this process', () => {
  let s3: S3Server;
  let states: Fields;
  let ask: (state: string, input: Fields, more?: Fields) => Promise<any>;

  beforeAll(async () => {
    s3 = await startS3();
    await writeOrders(join(s3.dir, 'my-data-lake'));
    states = statesOf(templateFile(await synthesisedExample('step-functions'), 'LargeOrders'));
    const { queryHandler } = freshRuntime(resultsEnvironment(s3, await signedExtensions('httpfs'), {
      steps: [
        { name: 's3', type: 's3', config: { scopes: ['s3://my-data-lake/orders/'] } },
        { name: 'results', type: 's3', config: { scopes: ['s3://results/out/'] } },
      ],
    }));
    const handler = queryHandler({ queries: join(repositoryRoot, 'examples/step-functions/queries') });
    ask = (state, input, more) => handler({ ...valueOf(states[state].Parameters, input), ...more } as Parameters<typeof handler>[0]);
  }, 120_000);
  afterAll(() => s3?.stop());

  /** The name of the state that follows an answer. */
  const nextOf = (answer: Fields) => states['How many?'].Choices.find((choice: Fields) => holds(choice, { answer }))?.Next ?? states['How many?'].Default;

  test.each([['10000', 0, 'Nothing to do'], ['263', 30, 'Pass on'], ['200', 20_000, 'Export']])('orders from %s on lead to the right state', async (least, about, next) => {
    const answer = await ask('Ask', { month: '2025-02', least });
    expect(answer.rowCount).toBeGreaterThanOrEqual(about / 10);
    expect(nextOf(answer)).toBe(next);
  });

  test('few orders that are too large for an answer are exported', async () => {
    const answer = await ask('Ask', { month: '2025-02', least: '263' }, { maxInlineBytes: 100 });
    expect(answer).toEqual({ manifest: expect.any(String), files: [expect.any(String)], rowCount: expect.any(Number), bytes: expect.any(Number), format: 'parquet' });
    expect(answer.rowCount).toBeLessThan(100);
    expect(nextOf(answer)).toBe('Export');
  });

  test.each(['*', '**', '2025-0[12]', '2025-02/../month=2025-03', '2024-12', '', null])('a month that has no orders is nothing to do: %s', async (month) => {
    const answer = await ask('Ask', { month, least: '0' });
    expect(answer).toMatchObject({ rows: [], rowCount: 0 });
    expect(nextOf(answer)).toBe('Nothing to do');
  });

  test('many orders are exported under a key that is known', async () => {
    const { manifest, rowCount } = await ask('Export', { month: '2025-02', least: '200' });
    expect(manifest).toBe('s3://results/out/large-orders/2025-02/manifest.json');
    expect(JSON.parse(readFileSync(join(s3.dir, 'results/out/large-orders/2025-02/manifest.json'), 'utf8'))).toMatchObject({ rowCount, format: 'csv' });
  });

  test('an input that is not valid leads to the state that says so', async () => {
    await expect(ask('Ask', { month: '2025-02', least: 'a lot' })).rejects.toMatchObject({ name: states.Ask.Catch[0].ErrorEquals[0] });
  });
});

/** Whether a choice's condition holds, as far as the example needs it. */
function holds({ And, Variable, IsPresent, NumericEquals, NumericLessThanEquals }: Fields, input: Fields): boolean {
  if (And !== undefined) return And.every((each: Fields) => holds(each, input));
  const value = Variable.split('.').slice(1).reduce((fields: Fields | undefined, name: string) => fields?.[name], input);
  if (IsPresent !== undefined) return (value !== undefined) === IsPresent;
  return NumericEquals === undefined ? value <= NumericLessThanEquals : value === NumericEquals;
}
