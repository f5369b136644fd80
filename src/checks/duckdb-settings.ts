import { Annotations, Token } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { didYouMean } from './did-you-mean';
import { shown } from './expect';
import { holdsCredentials } from './url-credentials';
import { TESTED } from '../tested-versions';

const SIGNED_ONLY = 'extensions without DuckDB\'s signature are never loaded';
const BAKED = 'the image holds the extensions; declare them with the prop extensions';
const SECRET = 'the template would show it';

/** Settings that users cannot make, each with the reason and the alternative. */
const RESERVED = new Map([
  ['allow_unsigned_extensions', `${SIGNED_ONLY}; remove it`],
  ['extension_directory', BAKED],
  ['extension_directories', BAKED],
  ['s3_access_key_id', `${SECRET}; an S3Step gives queries the function's own credentials`],
  ['s3_secret_access_key', `${SECRET}; an S3Step gives queries the function's own credentials`],
  ['s3_session_token', `${SECRET}; an S3Step gives queries the function's own credentials`],
  ['motherduck_token', `${SECRET}; a MotherDuckStep fetches it`],
  ['http_proxy_password', `${SECRET}; a SqlStep with secrets can set it`],
  ['azure_storage_connection_string', `${SECRET}; a SqlStep with secrets can create a secret of the type azure`],
]);

/** Refuses names that cannot be a DuckDB setting, and reserved settings. */
export function checkSettings(settings: { [name: string]: string }, at: string): void {
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(settings)) {
    if (!/^[A-Za-z]\w*$/.test(name)) {
      throw new Error(`${at} has the setting "${name}", which is not a name of a DuckDB setting: expected one such as "threads"`);
    }
    const canonical = name.toLowerCase();
    const reason = RESERVED.get(canonical);
    if (reason !== undefined) throw new Error(`${at} has the setting ${name}: ${reason}`);
    if (seen.has(canonical)) throw new Error(`${at} has the setting ${canonical} twice: DuckDB's names are not case-sensitive; remove one`);
    if (typeof value !== 'string') {
      const example = ['number', 'boolean'].includes(typeof value) ? `, such as { ${name}: '${value}' }` : '; leave it out for DuckDB\'s default';
      throw new Error(`${at} has the setting ${name} with the value ${shown(value)}: expected a string${example}`);
    }
    if (['threads', 'worker_threads'].includes(canonical) && !isThreadCount(value)) {
      throw new Error(`${at} has the setting ${name} with the value ${shown(value)}: expected a whole number from 1, such as '4'`);
    }
    if (holdsCredentials(value)) {
      throw new Error(`${at} has the setting ${name} with credentials in a URL, which the template would show: remove them; a SqlStep with secrets can set them`);
    }
    seen.add(canonical);
  }
}

function isThreadCount(value: string): boolean {
  return Token.isUnresolved(value) || /^\s*[1-9]\d*\s*$/.test(value);
}

/**
 * Warns of settings that DuckDB does not know. A community extension or MotherDuck may have them.
 *
 * @param duckdbVersion undefined if it is not known. Another version may have other settings, so there is no warning then.
 */
export function warnOfUnknownSettings(fn: IConstruct, settings: { [name: string]: string }, duckdbVersion: string | undefined): void {
  if (duckdbVersion !== TESTED.duckdb) return;
  for (const name of Object.keys(settings).filter((each) => !TESTED.settings.includes(each.toLowerCase()))) {
    Annotations.of(fn).addWarningV2('cdk-duckdb-lambda:setting', `DuckDB ${duckdbVersion} and its core extensions have no setting "${name}"`
      + `${didYouMean(name.toLowerCase(), TESTED.settings)}; opening the database fails, unless another extension has this setting`);
  }
}
