import { dataFolder, manifestIndex, type ResultManifest } from './manifest';
import { parseManifest } from './parse-manifest';
import { refused } from './refused';
import type { ResultLocation } from './result-location';
import { type ListedObject, S3Objects } from '../aws/s3-objects';
import { abortError, type AbortSignalLike, orAborted } from '../base/abort';
import { QueryError } from '../base/errors';
import { excerpt, quotedIdentifier } from '../base/sql-text';

/** The manifests of many results. */
export interface WantedManifests {
  /** Relative to the location of the results, with a slash at its end. */
  readonly prefix: string;
  /** The least number of them. */
  readonly count: number | undefined;
  /** Whether there may be none. */
  readonly mayBeNone: boolean;
}

/** A manifest in a list. */
interface ListedManifest extends ListedObject {
  readonly index: number;
}

/** Each waits for S3 most of its time, and they are small. */
const REQUESTS_AT_ONCE = 32;
/** A manifest has a few hundred bytes, and some for each column. */
const MOST_BYTES = 4 * 1024 * 1024;
const MOST_RANGES = 20;

/**
 * The files of all results whose manifests lie directly below a prefix, in the order of their indexes.
 *
 * What lies deeper is data of attempts. A result that was written twice has one manifest, so it counts once.
 *
 * Throws `QUERY`. It is retryable if there are fewer manifests than expected, or one vanishes. It is not if a manifest is broken, or if the results
 * differ in their query, format or columns: DuckDB would give all files the columns of the first, and round the others' values to its types.
 * Rejects when `signal` aborts.
 */
export async function manifestFiles(location: ResultLocation, wanted: WantedManifests, signal: AbortSignalLike | undefined): Promise<string[]> {
  const reading = new Reading(location, wanted, signal);
  return orAborted(reading.files(), signal, () => `reading the manifests below ${reading.url}`);
}

class Reading {
  private readonly objects: S3Objects;
  /** What all results must have, as the first one that was read has it. */
  private first: { readonly url: string; readonly facts: Readonly<Record<string, string>> } | undefined;

  constructor(
    private readonly location: ResultLocation, private readonly wanted: WantedManifests, private readonly signal: AbortSignalLike | undefined,
  ) {
    this.objects = new S3Objects(location.bucket, location, process.env);
  }

  get url(): string {
    return this.objects.urlOf(this.location.prefix + this.wanted.prefix);
  }

  async files(): Promise<string[]> {
    const listed = await this.listed();
    this.checkCount(listed);
    const files: string[][] = [];
    await eachOf(listed, REQUESTS_AT_ONCE, async (each, position) => {
      const manifest = await this.manifest(each);
      this.checkAlike(each, manifest);
      files[position] = manifest.files.map(({ url }) => url);
    });
    return files.flat();
  }

  private async listed(): Promise<ListedManifest[]> {
    const folder = this.location.prefix + this.wanted.prefix;
    const objects = await this.objects.listFolder(folder).catch((error) => { throw refused('list', this.url, error); });
    return objects.map((object) => ({ ...object, index: manifestIndex(object.key.slice(folder.length)) }))
      .filter((object): object is ListedManifest => object.index !== undefined)
      .sort((one, other) => one.index - other.index);
  }

  private checkCount(listed: readonly ListedManifest[]): void {
    const { count = 0, mayBeNone } = this.wanted;
    if (listed.length < count) {
      throw new QueryError(`there are ${listed.length} manifests below ${this.url}, expected ${count}${missing(listed, count)}; a result without a manifest does not exist: ` +
        'see which workers are still running, or have failed', { retryable: true });
    }
    if (listed.length === 0 && !mayBeNone) {
      throw new QueryError(`there is no manifest below ${this.url}: expected such as ${this.url}0.json; check the prefix, and that the workers have written to it. ` +
        'If there may be none, give the parameter a default: "-- @param files VARCHAR[] = []"');
    }
  }

  private async manifest({ key, bytes }: ListedManifest): Promise<ResultManifest> {
    if (this.signal?.aborted) throw abortError(this.signal);
    const url = this.objects.urlOf(key);
    if (bytes > MOST_BYTES) throw new QueryError(`${url} has ${bytes} bytes, and a manifest has at most ${MOST_BYTES}: it is not a manifest; remove it, and let its worker run again`);
    const text = await this.objects.get(key).catch((error) => { throw refused('read', url, error); });
    if (text === undefined) throw new QueryError(`${url} was listed, but is no longer there: something deletes what is being read`, { retryable: true });
    return parseManifest(text, url, this.objects.urlOf(dataFolder(key)));
  }

  private checkAlike({ key }: ListedManifest, { query, format, columns }: ResultManifest): void {
    const url = this.objects.urlOf(key);
    const facts: Record<string, string> = { query, format, columns: columns.map(({ name, type }) => `${quotedIdentifier(name)} ${type}`).join(', ') };
    this.first ??= { url, facts };
    const other = Object.keys(facts).find((fact) => facts[fact] !== this.first!.facts[fact]);
    if (other === undefined) return;
    throw new QueryError(`the results are not alike: the ${other} of ${url}: ${excerpt(facts[other]!)}, of ${this.first.url}: ${excerpt(this.first.facts[other]!)}; ` +
      'expected one query, format and list of columns. Cast the columns in the workers\' query, and use a prefix for one run alone');
  }
}

/** Which indexes are missing. Only if each worker has one item are they those below `count`; a batch has the index of its first item. */
function missing(listed: readonly ListedManifest[], count: number): string {
  if (listed.length === 0 || listed.at(-1)!.index >= count) return '';
  const ends = [-1, ...listed.map(({ index }) => index), count];
  const ranges = ends.slice(1).map((end, position) => [ends[position]! + 1, end - 1] as const).filter(([first, last]) => first <= last)
    .map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
  const more = ranges.length > MOST_RANGES ? ' ...' : '';
  return `: if each worker has one item, without ${ranges.slice(0, MOST_RANGES).join(', ')}${more}`;
}

/** Runs `work` for each item, up to `atOnce` at a time. After an error it begins no other. */
async function eachOf<T>(items: readonly T[], atOnce: number, work: (item: T, position: number) => Promise<void>): Promise<void> {
  let next = 0;
  const run = async () => {
    try {
      while (next < items.length) {
        const position = next++;
        await work(items[position]!, position);
      }
    } finally {
      next = Math.max(next, items.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, run));
}
