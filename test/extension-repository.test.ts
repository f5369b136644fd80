import * as path from 'path';
import { Token } from 'aws-cdk-lib';
import { temporaryDirectory } from './temporary-directory';
import { ExtensionRepository } from '../src';

test.each([
  [ExtensionRepository.core(), 'core'],
  [ExtensionRepository.fromPyPi(), 'pypi'],
  [ExtensionRepository.fromPyPi('https://pypi.example.com/simple/'), 'pypi+https://pypi.example.com/simple'],
  [ExtensionRepository.fromUrl('https://mirror.example.com/duckdb/'), 'https://mirror.example.com/duckdb'],
])('the installer gets the source %#', (repository, source) => {
  expect(repository._source).toBe(source);
});

test('a directory is staged, so the installer finds it in its own', () => {
  const directory = temporaryDirectory();
  expect(ExtensionRepository.fromDirectory(directory)).toMatchObject({ _source: './extensions', _directory: directory });
});

test('a directory that does not exist is refused', () => {
  const missing = path.join(temporaryDirectory(), 'missing');
  expect(() => ExtensionRepository.fromDirectory(missing)).toThrow(`cannot find the extension directory "${missing}": looked for ${missing}; fill one with`);
});

test.each([
  ['not a url', 'the URL of an extension repository cannot be parsed: expected one such as'],
  ['https://mirror.example.com/\nx', 'the URL of an extension repository cannot be parsed: expected one such as'],
  ['', 'the URL of an extension repository cannot be parsed: expected one such as'],
  ['s3://bucket/duckdb', 'the extension repository on "bucket" has the scheme "s3:": expected one such as'],
  [Token.asString({ Ref: 'Url' }), 'is a CDK token'],
])('the URL "%s" is refused', (url, message) => {
  expect(() => ExtensionRepository.fromUrl(url)).toThrow(message);
});

test.each([
  'https://user:hunter2@mirror.example.com/duckdb',
  'https://mirror.example.com/duckdb?sig=hunter2',
  'https://mirror.example.com/duckdb#hunter2',
  'https://user:hunter2@mirror.example.com:99999/duckdb',
  'ftp://user:hunter2@mirror.example.com/duckdb',
])('credentials in a URL are refused and not repeated: %s', (url) => {
  expect(() => ExtensionRepository.fromUrl(url)).toThrow(/^(?!.*hunter2).*URL|^(?!.*hunter2).*scheme/);
  expect(() => ExtensionRepository.fromPyPi(url)).toThrow(/^(?!.*hunter2)/);
});
