import { Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { RunState } from './run-state';
import { expectLiterals, expectObject, expectOptions, PropNames, shown } from '../checks/expect';
import { DuckDbResultsLocation } from '../duckdb-results-location';

const LOCATION: PropNames<DuckDbResultsLocation> = { bucket: true, prefix: true };

/** What the runtime accepts in the key of a manifest. */
const PREFIX = /^(?:(?!\.{1,2}\/)[\w.=:@-]+\/)+$/;

/** A key has at most 512 characters, of which an execution's name takes 80, the id of the run 36, and `reduced/.../manifest.json` the rest. */
const LONGEST_PREFIX = 373;

/** The id of a run of the map, in the input of its states. It tells runs of one execution apart, as in a loop or in another map. */
const RUN_PATH = '$.duckDbMapRun';

/**
 * The keys below the results of a map. Each run has a folder of its own, with a manifest for each worker.
 *
 * A worker that is retried or redriven belongs to the same run, because its map gets the same input again.
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
    if (prefix.length > LONGEST_PREFIX) {
      throw new Error(`the results of ${at} have a prefix of ${prefix.length} characters: expected at most ${LONGEST_PREFIX}, because the keys of manifests begin with it and have at most 512`);
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

  /** The state that begins a run. */
  public beginRun(scope: Construct): RunState {
    return new RunState(scope, 'run-state', {
      stateName: `${scope.node.id} run`, queryLanguage: sfn.QueryLanguage.JSON_PATH, parameters: { id: sfn.JsonPath.uuid() }, resultPath: RUN_PATH,
    });
  }

  /** The state that answers with the URL that the manifests of the run begin with. */
  public tellManifests(scope: Construct): sfn.Pass {
    const url = sfn.JsonPath.format(`s3://${this.bucket.bucketName}/${this.location.prefix}{}/{}/`, sfn.JsonPath.executionName, runId());
    return new sfn.Pass(scope, 'manifests-state', {
      stateName: `${scope.node.id} manifests`, queryLanguage: sfn.QueryLanguage.JSON_PATH, parameters: { manifests: url },
    });
  }

  /** What the ItemSelector hands to a child about where its manifest lies. A child has another name than the execution. */
  public get selected(): { [key: string]: unknown } {
    return { execution: sfn.JsonPath.executionName, run: runId(), index: sfn.JsonPath.numberAt('$$.Map.Item.Index') };
  }

  /** The manifest of a worker, relative to the location to which its function writes. `item` is the path of what was selected. */
  public manifestOf(item: string, location: DuckDbResultsLocation | undefined, what: string): string {
    const at = (key: string) => sfn.JsonPath.stringAt(`${item}.${key}`);
    return sfn.JsonPath.format(`${this.within(location, what)}{}/{}/{}.json`, at('execution'), at('run'), at('index'));
  }

  /** The prefix of all manifests of a run, likewise relative. */
  public manifests(location: DuckDbResultsLocation | undefined, what: string): string {
    return sfn.JsonPath.format(`${this.within(location, what)}{}/{}/`, sfn.JsonPath.executionName, runId());
  }

  /** The manifest of a result that a run has once, likewise relative. */
  public manifestIn(folder: 'items' | 'reduced', location: DuckDbResultsLocation | undefined, what: string): string {
    return sfn.JsonPath.format(`${this.within(location, what)}${folder}/{}/{}/manifest.json`, sfn.JsonPath.executionName, runId());
  }

  /** The key of a file that the items' query has written, from the last two parts of its URL: the attempt's folder and the file's name. */
  public itemsFile(folder: string, name: string): string {
    return sfn.JsonPath.format(`${this.items}{}/{}/{}/{}`, sfn.JsonPath.executionName, runId(), sfn.JsonPath.stringAt(folder), sfn.JsonPath.stringAt(name));
  }

  /** Refuses results that lie among the objects that a map reads, or around them: the next run would read them, or mix both. */
  public expectApartFrom(bucket: s3.IBucket, prefix: string): void {
    const { prefix: ours } = this.location;
    if (!isSame(bucket, this.bucket) || !overlap(prefix, ours)) return;
    throw new Error(`${this.at} reads "${prefix}" and has its results in "${ours}" of the same bucket: expected two prefixes of which neither begins with the other; `
      + 'give the results a folder of their own, or another bucket');
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

/** The id of the run, as a state with the map's input has it. */
function runId(): string {
  return sfn.JsonPath.stringAt(`${RUN_PATH}.id`);
}
