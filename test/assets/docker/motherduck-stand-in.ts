import { join } from 'node:path';
import { A_CORE_KEY, emptyExtension, libraryWithOwnKey, signedWith } from './forgery';
import { libduckdb, officialExtension } from './official-extensions';
import { temporaryDirectory } from '../../temporary-directory';

export interface MotherDuckStandIn {
  readonly bytes: Buffer;
  /** A libduckdb that trusts its signature. */
  readonly library: string;
}

/** MotherDuck's implementation is theirs and could not be had: a file without code, signed with a key of ours, stands in for it. */
export function motherduckStandIn(): MotherDuckStandIn {
  const library = join(temporaryDirectory(), 'libduckdb.so');
  const key = libraryWithOwnKey(libduckdb(), A_CORE_KEY, library);
  return { library, bytes: signedWith(key, emptyExtension('motherduck_impl', officialExtension('inet'))) };
}
