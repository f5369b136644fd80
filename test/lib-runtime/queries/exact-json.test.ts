import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { checkDepth, numberText, parseExactJson } from '../../../lib-runtime/queries/exact-json';
import { bedPath, lambdaNode } from '../../bed';

const keepsSource = 'rawJSON' in JSON;

test.each([
  'null', 'true', '0', '-0', '1.5', '1e3', '0.1', '9007199254740991', '123456789012345', '0.123456789012345', '""', '"\\u0061\\"\\\\"', '[]', '{}', ' [1, {"a": [2]}] ', '{"a": 1, "b": {"a": 2}}',
  '"12345678901234567890"', '{"12345678901234567890": 1}', '["a:1", ":", "{\\"a\\": 1, \\"a\\": 2}"]',
])('%s is what JSON.parse gives', (text) => expect(parseExactJson(text)).toStrictEqual(JSON.parse(text)));

/** JavaScript writes these with the same digits, so Node.js 20 takes them. */
const KEPT = ['9007199254740992', '1152921504606847000', '1e21', '0.1234567890123456', '8.721384957654181e-113', '-1.7976931348623157E+308', '0.0000001234567890123456'];
const ROUNDED = [
  '9007199254740993', '-12345678901234567890', '1.00000000000000000001', '1e400', '1e-400', '12345678901234567.5e-3', '0.99999999999999999999', '0.10000000000000000001',
];

test.each(KEPT)('the number %s keeps its digits everywhere', (number) => {
  const parsed = parseExactJson(`[${number}]`);
  if (keepsSource) expect(JSON.stringify(parsed)).toBe(`[${number}]`);
  else expect(parsed).toEqual([Number(number)]);
});

test.each(ROUNDED)('the number %s keeps its digits, or is refused', (number) => {
  const text = `{"list": [${number}, 1], "text": "${number}"}`;
  if (!keepsSource) {
    expect(() => parseExactJson(text)).toThrow(`the number ${number} has more digits than a JavaScript number keeps: write it as text`);
    return;
  }
  const parsed = parseExactJson(text) as { list: unknown[] };
  expect(numberText(parsed.list[0])).toBe(number);
  expect(JSON.stringify(parsed)).toBe(text.replaceAll(': ', ':').replaceAll(', ', ','));
});

test('in Lambda\'s Node.js, every number keeps its digits', async () => {
  const all = [...KEPT, ...ROUNDED];
  const node = process.platform === 'linux' ? await lambdaNode() : process.execPath;
  mkdirSync(bedPath(), { recursive: true });
  const scratch = mkdtempSync(bedPath('exact-json-'));
  try {
    const outfile = join(scratch, 'exact-json.cjs');
    await build({ entryPoints: [join(__dirname, '../../../lib-runtime/queries/exact-json.ts')], outfile, bundle: true, platform: 'node', format: 'cjs' });
    const script = `
      const { numberText, parseExactJson } = require(${JSON.stringify(outfile)});
      const parsed = parseExactJson(${JSON.stringify(`[${all.join(',')}]`)});
      console.log(JSON.stringify([JSON.stringify(parsed), parsed.map(numberText)]));`;
    expect(JSON.parse(execFileSync(node, ['-e', script], { encoding: 'utf8' }))).toEqual([`[${all.join(',')}]`, all]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test.each(['', '{', '01', '1.', '+1', 'NaN', "'a'", '{"a": 1,}', '[1] [2]', '"a\nb"', '\ufeff1', '{a: 1}'])('%j is not JSON', (text) => expect(() => parseExactJson(text)).toThrow(SyntaxError));

test.each(['{"a": 1, "a": 2}', '[{"b": {"a": 1, "\\u0061": 2}}]', '{"": 1, "": 1}', '{"__proto__": 1, "__proto__": 2}', '{"a"\n:1, "a"\t:2}'])(
  '%s has a key twice', (text) => expect(() => parseExactJson(text)).toThrow(/^the key ".*" appears twice in one object/));

test('__proto__ and constructor are own keys', () => {
  const parsed = parseExactJson('{"__proto__": {"polluted": true}, "constructor": 1}') as object;
  expect(Object.keys(parsed)).toEqual(['__proto__', 'constructor']);
  expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype);
  expect((parsed as { polluted?: boolean }).polluted).toBeUndefined();
});

test('deep nesting', () => {
  const nested = (levels: number) => '[{"a":'.repeat(levels / 2) + '1' + '}]'.repeat(levels / 2);
  expect(parseExactJson(nested(100))).toBeDefined();
  expect(() => parseExactJson(nested(102))).toThrow('more than 100 levels');
  expect(() => parseExactJson(nested(200_000))).toThrow('more than 100 levels');
  checkDepth(JSON.parse(nested(100)));
  expect(() => checkDepth(JSON.parse(nested(102)))).toThrow('more than 100 levels');
});

test.each([['a long text', JSON.stringify('x'.repeat(6_000_000))], ['backslashes', JSON.stringify('\\'.repeat(3_000_000))], ['quotes', JSON.stringify('"'.repeat(3_000_000))], ['numbers', JSON.stringify(Array(1_000_000).fill(12.5))], ['digits', '9'.repeat(6_000_000)],
  ['many keys', JSON.stringify(Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`key${i}`, i])))]])('six megabytes of %s', (_, text) => {
  try {
    parseExactJson(text);
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
  }
}, 30_000);

test('the text of what is not a number', () => {
  expect([null, undefined, '1', true, {}, [1]].map(numberText)).toEqual(Array(6).fill(undefined));
  expect([1.5, -0, 10n ** 30n, 1e21].map(numberText)).toEqual(['1.5', '-0', '1000000000000000000000000000000', '1e+21']);
});
