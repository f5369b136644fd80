import { createContext, runInContext } from 'node:vm';
import { catalogNames } from '../../../lib-runtime/base/catalog-names';
import { placeholdersIn } from '../../../lib-runtime/base/placeholders';
import { firstWord, isEmptySql, mayBeScript, splitStatements, excerpt } from '../../../lib-runtime/base/sql-text';
import { mayListCatalogs, missesOneOf, missingCatalog, namesOneOf } from '../../../lib-runtime/diagnosis/missing-catalog';
import { queryError } from '../../../lib-runtime/diagnosis/query-error';
import { Statement } from '../../../lib-runtime/execution/statement';
import { attachedPaths } from '../../../lib-runtime/instance/attach-statements';
import { readQueryFile } from '../../../lib-runtime/queries/query-file';

/**
 * Every scanner reads an input of a megabyte, made to be hard, in time in proportion to it. One that begins anew at each character would need
 * 10^12 steps, a quarter of an hour, and one that takes each once some milliseconds, or seconds for a hundred thousand errors: no noise of a machine is between the two.
 */
const MEGABYTE = 1_000_000;
const LIMIT_MS = 60_000;

const distinctTags = Array.from({ length: MEGABYTE / 8 }, (_, index) => `$t${index}$ `).join('');
const INPUTS: Readonly<Record<string, string>> = {
  'spaces behind ATTACH': `ATTACH${' '.repeat(MEGABYTE)}`,
  'spaces behind a parenthesis': `ATTACH 'a.db' (${' '.repeat(MEGABYTE)}`,
  'commas behind a parenthesis': `ATTACH 'a.db' (${'x, '.repeat(MEGABYTE / 3)}`,
  'parentheses': `ATTACH 'a.db' ${'('.repeat(MEGABYTE)}`,
  'parentheses and spaces': `${'( '.repeat(MEGABYTE / 2)}ATTACH`,
  'dollar tags that nothing closes': `ATTACH ${distinctTags}; BEGIN`,
  'a dollar tag without an end': `ATTACH $${'a'.repeat(MEGABYTE)}; BEGIN`,
  'dollars': `ATTACH ${'$'.repeat(MEGABYTE + 1)}; BEGIN`,
  'dollars in words': `ATTACH ${'a$b '.repeat(MEGABYTE / 4)}; BEGIN`,
  'quotes': `ATTACH ${"'".repeat(MEGABYTE + 1)}; BEGIN`,
  'doubled quotes': `ATTACH ${"'a''".repeat(MEGABYTE / 4)}; BEGIN`,
  'double quotes and quotes': `ATTACH ${'"\''.repeat(MEGABYTE / 2)}; BEGIN`,
  'escaped quotes': `ATTACH e'${"\\'e\\".repeat(MEGABYTE / 4)}; BEGIN`,
  'strings with escapes that nothing closes': `ATTACH ${"e'\\".repeat(MEGABYTE / 3)}; BEGIN`,
  'comments that nothing closes': `ATTACH ${'/*'.repeat(MEGABYTE / 2)}; BEGIN`,
  'dashes': `ATTACH ${'- '.repeat(MEGABYTE / 2)}--; BEGIN`,
  'semicolons': `ATTACH 'a.db'${';'.repeat(MEGABYTE)}BEGIN`,
  'line breaks': `Catalog Error: ${'\n'.repeat(MEGABYTE)}LINE`,
  'line breaks and spaces': `Catalog Error: ${'\n '.repeat(MEGABYTE / 2)}LINE`,
  'SHOW and spaces': `SHOW${' '.repeat(MEGABYTE)}ALL`,
  'many SHOW ALL': 'SHOW ALL '.repeat(MEGABYTE / 9),
  'many IF': `IF${' \n'.repeat(MEGABYTE / 2)}`,
  'a class without an end': `A${' Error'.repeat(MEGABYTE / 6)}`,
  'many names in quotes': `IO Error: ${'schema "'.repeat(MEGABYTE / 8)}`,
  'words of a URL': `IO Error: ${'s3://b/ '.repeat(MEGABYTE / 8)}(HTTP 403`,
  'a name many times': `Binder Error: ${'pg'.repeat(MEGABYTE / 2)}`,
  'directives': '-- @param a b\n'.repeat(MEGABYTE / 14),
  'unknown directives': '-- @ \n'.repeat(MEGABYTE / 6),
  'lines of a description': `-- @description\n${'-- x\n'.repeat(MEGABYTE / 5)}`,
  'dashes before a directive': '-'.repeat(MEGABYTE),
  'spaces before a directive': `--${' '.repeat(MEGABYTE)}`,
  'spaces in a description': `-- @description${' '.repeat(MEGABYTE)}x`,
  'brackets in a type': `-- @param a ${'('.repeat(MEGABYTE)}`,
  'quotes in a name': `-- @column ${'"'.repeat(MEGABYTE)}`,
  'quotes in a default': `-- @param a b = ${"'".repeat(MEGABYTE + 1)}`,
  'JSON that nothing closes': `-- @param a b = ${'{"'.repeat(MEGABYTE / 2)}`,
  'directives in a block comment': `/* ${'@param '.repeat(MEGABYTE / 7)}`,
  'lines in a block comment': `/*${'\n * @param'.repeat(MEGABYTE / 10)}`,
  'placeholders in one line': '$1?$a '.repeat(MEGABYTE / 6),
  'nested queries in strings': `${"FROM query('".repeat(MEGABYTE / 12)}`,
  'nested queries in dollars': `FROM ${Array.from({ length: MEGABYTE / 20 }, (_, index) => `query($t${index}$ FROM `).join('')}`,
  'calls in calls': `FROM ${'f('.repeat(MEGABYTE / 2)}`,
  'names and dots': `FROM ${'a.'.repeat(MEGABYTE / 2)}`,
  'short strings as arguments': `FROM f(${"'a.b',".repeat(MEGABYTE / 6)})`,
  'a long string as an argument': `FROM f('${'a.'.repeat(MEGABYTE / 2)}')`,
  'letters': `Catalog Error: Table with name ${'x'.repeat(MEGABYTE)}`,
};

const CATALOGS = ['pg', 'lake', ''];
const SCANNERS: Readonly<Record<string, (text: string) => unknown>> = {
  splitStatements,
  isEmptySql,
  mayBeScript,
  firstWord,
  excerpt,
  isSelect: (text) => new Statement(text).isSelect,
  mayAttach: (text) => new Statement(text).mayAttach,
  attachedPaths: (text) => attachedPaths(new Statement(text)),
  transactionControl: (text) => new Statement(text).transactionControl,
  mayListCatalogs,
  catalogNames,
  namesOneOf: (text) => namesOneOf(CATALOGS, text),
  missesOneOf: (text) => missesOneOf(CATALOGS, text),
  missingCatalog,
  placeholdersIn,
  readQueryFile: (text) => readQueryFile('q', 'q.sql', text).errors.lines(),
  queryError: (text) => queryError(new Error(text), text),
};

test.each(Object.keys(SCANNERS))('%s takes time in proportion to its text, whatever stands there', (name) => {
  const context = createContext({ scan: SCANNERS[name], inputs: INPUTS });
  for (const input of Object.keys(INPUTS)) {
    const scan = () => runInContext(`scan(inputs[${JSON.stringify(input)}])`, context, { timeout: LIMIT_MS });
    expect([input, returns(scan)]).toEqual([input, true]);
  }
}, 300_000);

function returns(scan: () => unknown): boolean {
  try {
    scan();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}
