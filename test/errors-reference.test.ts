import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { runScript } from './lib-runtime/built-runtime';
import { temporaryDirectory } from './temporary-directory';
import * as errors from '../lib-runtime/base/errors';

const ROOT = join(__dirname, '..');
const page = readFileSync(join(ROOT, 'docs', 'errors.md'), 'utf8');

const sections = page.split(/^## /m).slice(1).map((text) => {
  const [, code] = /^`(\w+)`/.exec(text)!;
  return { code: code!, example: /```mts\n([^]*?)```/.exec(text)?.[1], message: /```text\n([^]*?)\n```/.exec(text)?.[1] };
});

/** The code of each class, as the class itself says. */
const classes = Object.entries(errors).filter(([name, value]) => name.endsWith('Error') && typeof value === 'function' && !/^DuckDb/.test(name))
  .map(([name, value]) => [name, new (value as new (message: string) => errors.DuckDbError)('').code] as const);

test('every code has a section, and a row with its class, in alphabetical order', () => {
  const codes = classes.map(([, code]) => code).sort();
  expect(sections.map(({ code }) => code)).toEqual(codes);
  const rows = [...page.matchAll(/^\| \[`(\w+)`\]\(#(\w+)\) \| `(\w+)` \|/gm)].map(([, code, anchor, name]) => [code, anchor, name]);
  const className = (code: string) => classes.find(([, each]) => each === code)![0];
  expect(rows).toEqual(codes.map((code) => [code, code.toLowerCase(), className(code)]));
});

test.each(sections.filter(({ example }) => example !== undefined))('the example of $code throws it', async ({ code, example, message }) => {
  const script = transformSync(example!, { loader: 'ts', format: 'esm', target: 'es2022' }).code;
  const { stderr, code: status } = await runScript(script, { env: { TMPDIR: temporaryDirectory(), AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769' } });
  expect(status).not.toBe(0);
  expect(stderr).toContain(message);
  expect(stderr).toContain(`code: '${code}'`);
});
