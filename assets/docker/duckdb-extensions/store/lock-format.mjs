import { FILE_NAME } from './manifest.mjs';

/** The name of an image, with or without a tag. */
export const IMAGE = /^[a-z0-9][\w.-]*(?::\d+)?(?:\/[\w.-]+)*(?::\w[\w.-]*)?$/i;

// Each of these creates a check of one value in the lock file. The check throws if the value does not fit the format.

const text = (pattern, example) => (value, place) => {
  if (typeof value !== 'string' || !pattern.test(value)) throw unexpected(value, place, `one such as "${example}"`);
};

const object = (fields) => (value, place) => {
  if (!isObject(value)) throw unexpected(value, place, 'an object');
  for (const [name, check] of Object.entries(fields)) check(value[name], [...place, name]);
};

const map = (checkName, check) => (value, place) => {
  if (!isObject(value)) throw unexpected(value, place, 'an object');
  for (const [name, child] of Object.entries(value)) {
    checkName(name, [...place, 'name']);
    check(child, [...place, name]);
  }
};

const optional = (check) => (value, place) => value === undefined || check(value, place);

/**
 * Throws with the first value that a lock file must not contain.
 *
 * People copy and merge lock files. Their contents reach npm, URLs, file names and a Dockerfile.
 */
export function checkLockFormat(content) {
  FORMAT(content, []);
}

const FORMAT = object({
  duckdbVersion: text(/^\d+\.\d+\.\d+$/, '1.5.5'),
  baseImage: optional(object({
    reference: text(IMAGE, 'public.ecr.aws/lambda/nodejs:24'),
    digest: text(/^sha256:[0-9a-f]{64}$/, 'sha256:0123...'),
  })),
  nodeApi: map(text(/^@duckdb\/node-[a-z0-9-]+$/, '@duckdb/node-api'), object({
    version: text(/^\d+\.\d+\.\d+-r\.\d+$/, '1.5.5-r.5'),
    integrity: text(/^sha\d+-[A-Za-z0-9+/]+=*$/, 'sha512-0123...'),
  })),
  extensions: map(text(/^[a-z]+_[a-z0-9]+$/, 'linux_arm64'), map(text(FILE_NAME, 'httpfs'), object({
    repository: text(/^(?:core|community|motherduck)$/, 'core'),
    extensionVersion: text(/^[\x20-\x7e]*$/, 'v1.5.5'),
    sha256: text(/^[0-9a-f]{64}$/, '0123...'),
  }))),
});

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unexpected(value, place, expected) {
  return new Error(`holds ${JSON.stringify(value)} as ${place.join(' ') || 'its content'}: expected ${expected}`);
}
