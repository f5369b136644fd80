import { interleaved } from '../../../benchmarks/harness/interleaved';

const atOnce = async () => undefined;

/** Contenders that note when it is their turn, and measure how often it was. */
function contenders(names: string[]) {
  const turns: string[] = [];
  const measure = (name: string) => async () => {
    turns.push(name);
    return turns.filter((turn) => turn === name).length;
  };
  return { turns, measures: Object.fromEntries(names.map((name) => [name, measure(name)])) };
}

test('takes turns, each round beginning with the next contender', async () => {
  const { turns, measures } = contenders(['a', 'b', 'c']);
  await interleaved(measures, 2, atOnce);
  expect(turns.join('')).toBe('abc' + 'bca' + 'cab');
});

test('does not count the round that warms up', async () => {
  const { measures } = contenders(['a', 'b']);
  expect(await interleaved(measures, 3, atOnce)).toEqual({ a: [2, 3, 4], b: [2, 3, 4] });
});

test('never measures two at once', async () => {
  let running = 0;
  const alone = async () => {
    running += 1;
    await new Promise(setImmediate);
    expect(running).toBe(1);
    return running--;
  };
  await interleaved({ a: alone, b: alone }, 3, atOnce);
});

test('a contender that fails ends the run', async () => {
  await expect(interleaved({ a: async () => 1, b: () => Promise.reject(new Error('no answer')) }, 1, atOnce)).rejects.toThrow('no answer');
});

test('waits before each measurement', async () => {
  const events: string[] = [];
  const contender = (name: string) => async () => events.push(name);
  await interleaved({ a: contender('a'), b: contender('b') }, 1, async () => events.push('ready'));
  expect(events).toEqual(['ready', 'a', 'ready', 'b', 'ready', 'b', 'ready', 'a']);
});

test('a contender may take part in some rounds only', async () => {
  const { turns, measures } = contenders(['a', 'b']);
  expect(await interleaved(measures, 4, atOnce, { b: 2 })).toEqual({ a: [2, 3, 4, 5], b: [2, 3] });
  expect(turns.join('')).toBe('ab' + 'a' + 'ab' + 'a' + 'ab');
});
