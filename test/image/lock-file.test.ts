import * as fs from 'fs';
import * as path from 'path';
import { LockFile } from '../../src/image/lock-file';
import { temporaryDirectory } from '../temporary-directory';

const DIGEST = `sha256:${'a'.repeat(64)}`;

const CONTENT = {
  version: 1,
  duckdbVersion: '1.5.5',
  baseImage: { reference: 'public.ecr.aws/lambda/nodejs:24', digest: DIGEST },
  nodeApi: {
    '@duckdb/node-api': { version: '1.5.5-r.5', integrity: 'sha512-api' },
    '@duckdb/node-bindings': { version: '1.5.5-r.5', integrity: 'sha512-bindings' },
    '@duckdb/node-bindings-linux-arm64': { version: '1.5.5-r.5', integrity: 'sha512-arm64' },
  },
  extensions: { linux_arm64: { httpfs: { repository: 'core', sha256: 'b'.repeat(64) } } },
};

let file: string;

function lock(content: object = CONTENT): LockFile {
  file = path.join(temporaryDirectory(), 'duckdb.lock.json');
  fs.writeFileSync(file, JSON.stringify(content));
  return new LockFile(file);
}

test('pins the client and the base image', () => {
  expect(lock().nodeApiVersion).toBe('1.5.5-r.5');
  expect(lock().pinBaseImage(undefined)).toBe(`public.ecr.aws/lambda/nodejs:24@${DIGEST}`);
  expect(lock().pinBaseImage('public.ecr.aws/lambda/nodejs:24')).toBe(`public.ecr.aws/lambda/nodejs:24@${DIGEST}`);
});

test('leaves the base image as it is where it pins none', () => {
  const { baseImage, ...rest } = CONTENT;
  expect(lock(rest).pinBaseImage(undefined)).toBeUndefined();
  expect(lock(rest).pinBaseImage('node:24')).toBe('node:24');
});

test('another base image than the pinned one is refused', () => {
  const pinned = lock();
  expect(() => pinned.pinBaseImage('node:24')).toThrow(
    `the baseImage is "node:24", but the lock file "${file}" pins "public.ecr.aws/lambda/nodejs:24@${DIGEST}"; pin yours with: `
    + `npx duckdb-extensions lock --lock ${file} --update --base-image node:24`);
});

test('an extension that is not pinned for the platform is refused', () => {
  const pinned = lock();
  expect(() => pinned.expectExtensions(['httpfs'], 'linux_arm64')).not.toThrow();
  expect(() => pinned.expectExtensions(['httpfs', 'aws'], 'linux_arm64')).toThrow(
    `the lock file "${file}" does not pin aws for linux_arm64; add with: npx duckdb-extensions lock --lock ${file} --platform linux_arm64 aws`);
  expect(() => pinned.expectExtensions(['httpfs'], 'linux_amd64')).toThrow(/does not pin httpfs for linux_amd64/);
});

test('npm is held to the integrity of each of the client\'s packages', () => {
  const root = { private: true, dependencies: { '@duckdb/node-api': '1.5.5-r.5' } };
  expect(lock().npmLockFile(root, 'arm64')).toEqual({
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': root,
      'node_modules/@duckdb/node-api': {
        version: '1.5.5-r.5', integrity: 'sha512-api', dependencies: { '@duckdb/node-bindings': '1.5.5-r.5' },
      },
      'node_modules/@duckdb/node-bindings': {
        version: '1.5.5-r.5', integrity: 'sha512-bindings', optionalDependencies: { '@duckdb/node-bindings-linux-arm64': '1.5.5-r.5' },
      },
      'node_modules/@duckdb/node-bindings-linux-arm64': {
        version: '1.5.5-r.5', integrity: 'sha512-arm64', optional: true, os: ['linux'], cpu: ['arm64'],
      },
    },
  });
});

test('a client that is not pinned for the platform is refused', () => {
  const pinned = lock();
  expect(() => pinned.npmLockFile({}, 'x64')).toThrow(
    `the lock file "${file}" does not pin @duckdb/node-bindings-linux-x64; add it with: npx duckdb-extensions lock --lock ${file} --platform linux_amd64`);
});

test('a base image that is named by the pinned digest is that image, by another one it is not', () => {
  const image = `public.ecr.aws/lambda/nodejs:24@${DIGEST}`;
  expect(lock().pinBaseImage(image)).toBe(image);
  expect(() => lock().pinBaseImage(image.replace(/a$/, 'b'))).toThrow(/but the lock file .* pins/);
});

test.each([
  ['', 'is not valid JSON'],
  ['{"version":2}', 'is not a lock file that this version of cdk-duckdb-lambda can read'],
  ['{"version":1,"extensions":{}}', 'is not a lock file that this version of cdk-duckdb-lambda can read'],
])('the content %j is refused', (text, message) => {
  const broken = path.join(temporaryDirectory(), 'broken.json');
  fs.writeFileSync(broken, text);
  expect(() => new LockFile(broken)).toThrow(message);
});

test('a file that is missing is refused', () => {
  expect(() => new LockFile('missing.json')).toThrow(
    `cannot find the lock file "missing.json": looked for ${path.resolve('missing.json')}; write it with: npx duckdb-extensions lock`);
});
