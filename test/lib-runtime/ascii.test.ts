import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';
import { excerpt } from '../../lib-runtime/base/sql-text';
import { repositoryRoot } from '../bed/paths';

const SOURCES = ['lib-runtime', 'src', 'assets'];
const SCRIPT = /(?<!\.d)\.(?:ts|mjs|cjs|js)$/;

const files = SOURCES.flatMap((directory) => (
  readdirSync(join(repositoryRoot, directory), { recursive: true, encoding: 'utf8' }).filter((name) => SCRIPT.test(name)).map((name) => join(directory, name))
));

test('the sources are found', () => expect(files.length).toBeGreaterThan(100));

test('no text that a program prints holds anything but ASCII: an HTTP header, and many a log, cannot carry it', () => {
  const found = files.flatMap((file) => textsIn(file).filter((text) => /[^\x00-\x7f]/.test(text)).map((text) => `${file}: ${text}`));
  expect(found).toEqual([]);
});

test('nor does the mark that SQL goes on', () => {
  expect(excerpt(`SELECT ${'1, '.repeat(100)}`)).toMatch(/^[\x00-\x7f]*\.\.\.$/);
});

/** The string literals of a file, and the fixed parts of its templates. */
function textsIn(file: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    // A single character is compared with, and no message.
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      if (node.text.length > 1) texts.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(join(repositoryRoot, file), 'utf8'), ts.ScriptTarget.Latest, true));
  return texts;
}
