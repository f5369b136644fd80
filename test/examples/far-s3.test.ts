import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { farRuns } from '../../examples/far-s3';
import { writeOrders } from '../../examples/sales/orders';
import { repositoryRoot } from '../bed';
import { describeWith } from '../bed/require';
import { signedExtensions } from '../lib-runtime/signed-extensions';
import { temporaryDirectory } from '../temporary-directory';

describeWith('openssl', 'the far S3 of the demo', () => {
  test('is asked for one thing after the other by hand, and for many at once by this library', async () => {
    const lake = temporaryDirectory();
    await writeOrders(lake);
    const runs = await farRuns({ orders: join(lake, 'orders'), extensions: await signedExtensions('httpfs'), delayMs: 5 });
    expect(Object.keys(runs)).toEqual(['by hand', 'this library']);
    const { 'by hand': byHand, 'this library': library } = runs;
    expect(byHand!.atOnce).toBe(1);
    expect(library!.atOnce).toBeGreaterThan(4);
    // A list, a footer and its length for each of the 12 files, and their columns.
    expect(Math.min(byHand!.requests, library!.requests)).toBeGreaterThan(24);
  });
});

describe('the bars of the demo', () => {
  const PRINT = `
    const { bars } = require(${JSON.stringify(join(repositoryRoot, 'examples/bars'))});
    if (process.env.TERMINAL) Object.assign(process.stdout, { isTTY: true, hasColors: () => require('node:tty').WriteStream.prototype.hasColors() });
    console.log(bars({ 'by hand': 1425.25, 'this library': 347, 'nothing': 0 }, { digits: 1, highlighted: 'this library' }));`;
  const print = (env: Record<string, string>) => spawnSync(process.execPath, ['-r', 'ts-node/register/transpile-only', '-e', PRINT], {
    cwd: repositoryRoot, encoding: 'utf8', env: { PATH: process.env.PATH!, TS_NODE_PROJECT: 'tsconfig.dev.json', TERM: 'xterm-256color', ...env },
  }).stdout;
  const plain = [`  by hand       1425.3  ${'█'.repeat(40)}`, `  this library   347.0  ${'█'.repeat(10)}`, '  nothing          0.0  █', ''].join('\n');

  test('are in proportion to their values, and have colours in a terminal only, unless NO_COLOR is set', () => {
    expect(print({})).toBe(plain);
    expect(print({ TERMINAL: '1', NO_COLOR: '1' })).toBe(plain);
    expect(print({ TERMINAL: '1' })).toBe(plain.replace(/(347\.0  )(█+)/, '$1\x1b[32m$2\x1b[39m'));
  });
});
