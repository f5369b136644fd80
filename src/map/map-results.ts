import { Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { JsonPath } from 'aws-cdk-lib/aws-stepfunctions';
import { expectLiterals, expectObject, expectOptions, PropNames, shown } from '../checks/expect';
import { DuckDbResultsLocation } from '../duckdb-results-location';

const LOCATION: PropNames<DuckDbResultsLocation> = { bucket: true, prefix: true };

/** What the runtime accepts in the key of a manifest. */
const PREFIX = /^(?:(?!\.{1,2}\/)[\w.=:@-]+\/)+$/;

/**
 * The keys below the results of a map. Each execution has a folder of its own, with a manifest for each worker.
 *
 * No execution's manifest lies directly in one of the other folders, so an execution with the name of such a folder mixes nothing.
 */
export class MapResults {
  /** Throws for a location that is not a folder of a bucket. */
  constructor(private readonly location: DuckDbResultsLocation, private readonly at: string) {
    if (location === undefined) throw new Error(`${at} has no results: say where its workers write, as in results: { bucket, prefix: 'totals/' }`);
    expectOptions(location, `the results of ${at}`, LOCATION);
    expectObject(location.bucket, 'arnForObjects', `the results of ${at} have as bucket`, 'an IBucket, such as new s3.Bucket(this, \'Results\')');
    const { prefix } = location;
    if (prefix === undefined) throw new Error(`the results of ${at} have no prefix: name a folder of their own, such as prefix: 'totals/'`);
    expectLiterals({ prefix: [prefix, 'totals/'] }, `the results of ${at}`);
    if (!PREFIX.test(prefix)) {
      throw new Error(`the results of ${at} have the prefix ${shown(prefix)}: expected a folder such as "totals/", which ends with "/" and whose parts have letters, `
        + 'digits and _ - . = : @');
    }
  }

  public get bucket(): s3.IBucket {
    return this.location.bucket;
  }

  /** Where Step Functions records what became of the workers. It puts a slash behind it. */
  public get runs(): string {
    return `${this.location.prefix}map-runs`;
  }

  /** Where the queries of items write. */
  public get items(): string {
    return `${this.location.prefix}items/`;
  }

  /** The manifest of a worker, relative to the location to which its function writes. */
  public manifestOf(execution: string, index: string, location: DuckDbResultsLocation | undefined, what: string): string {
    return JsonPath.format(`${this.within(location, what)}{}/{}.json`, JsonPath.stringAt(execution), JsonPath.stringAt(index));
  }

  /** The prefix of all manifests of an execution, likewise relative. */
  public manifests(location: DuckDbResultsLocation | undefined, what: string): string {
    return JsonPath.format(`${this.within(location, what)}{}/`, JsonPath.executionName);
  }

  /** The URL that the manifests of an execution begin with. */
  public get manifestsUrl(): string {
    return JsonPath.format(`s3://${this.bucket.bucketName}/${this.location.prefix}{}/`, JsonPath.executionName);
  }

  /** The manifest of a result that an execution has once, likewise relative. */
  public manifestIn(folder: 'items' | 'reduced', location: DuckDbResultsLocation | undefined, what: string): string {
    return JsonPath.format(`${this.within(location, what)}${folder}/{}/manifest.json`, JsonPath.executionName);
  }

  /** Refuses results that lie among the objects that a map reads, or around them: the next run would read them, or mix both. */
  public expectApartFrom(bucket: s3.IBucket, prefix: string): void {
    const { prefix: ours } = this.location;
    if (!isSame(bucket, this.bucket) || !overlap(prefix, ours)) return;
    throw new Error(`${this.at} reads "${prefix}" and has its results in "${ours}" of the same bucket: expected two prefixes of which neither begins with the other; `
      + 'give the results a folder of their own, or another bucket');
  }

  /** Refuses another map of one machine with the same results. Executions name their folders, so the manifests of both maps would mix. */
  public expectApartFromMap(other: MapResults): void {
    if (!isSame(other.bucket, this.bucket) || !overlap(other.location.prefix, this.location.prefix)) return;
    throw new Error(`${this.at} has its results in "${this.location.prefix}", and ${other.at}, which is in the same state machine, in "${other.location.prefix}" of the same bucket: `
      + 'the reducer of one would read what the workers of the other have written; give each map a folder of its own');
  }

  /** The prefix of the results relative to the location. */
  private within(location: DuckDbResultsLocation | undefined, what: string): string {
    if (location === undefined) return '';
    const { prefix } = this.location;
    const isBucket = isSame(location.bucket, this.bucket);
    const isLiteral = !Token.isUnresolved(location.prefix);
    if (isBucket && isLiteral && prefix.startsWith(location.prefix)) return prefix.slice(location.prefix.length);
    const expected = isLiteral
      ? `a folder in the function's results, which are "${location.prefix}"${isBucket ? '' : ' of another bucket'}`
      : 'the function\'s results to have a prefix that is not a CDK token, because keys are relative to it, and a folder in it';
    throw new Error(`${this.at} has its results in "${prefix}", where ${what} cannot write: expected ${expected}; `
      + 'change the results of the map or of the function');
  }
}

/** The names of one bucket are the same text, tokens included. */
function isSame(one: s3.IBucket, other: s3.IBucket): boolean {
  return one.bucketName === other.bucketName;
}

function overlap(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}
