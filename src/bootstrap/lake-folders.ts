import { Annotations, Token } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { IDuckDbHost } from '../duckdb-host';
import { PerApp } from '../per-app';
import { knownName } from './s3/s3-access';

/** A folder of a bucket. */
interface Folder {
  readonly bucket: s3.IBucket;
  readonly prefix: string;
}

/** What is known of a DuckLake's catalog. Texts may be tokens. */
interface LakeCatalog {
  readonly database?: string;
  readonly schema: string;
}

/** A folder that a step of the app uses: a lake, or what else has files there. */
interface Use {
  readonly url: string;
  readonly host: IDuckDbHost;
  readonly step: string;
  /** Undefined if it is not a DuckLake. */
  readonly lake?: LakeCatalog;
}

const uses = new PerApp<Use[]>();

/**
 * Records the folder of a DuckLake's data. A clean-up deletes all files in it that its lake does not know. So another lake of the app in the folder is
 * an error, and other files cause a warning.
 */
export function useAsLake(host: IDuckDbHost, step: string, folder: Folder, lake: LakeCatalog): void {
  use({ url: urlOf(folder), host, step, lake });
}

/** Records a folder that has other files than a DuckLake's: those that a step writes, or Iceberg tables. */
export function useForFiles(host: IDuckDbHost, step: string, folder: Folder): void {
  use({ url: urlOf(folder), host, step });
}

function use(one: Use): void {
  const known = uses.get(one.host.node.root, 'lake folders', () => []);
  // A step that is bound again is the same step.
  const others = known.filter(({ host, step }) => host !== one.host || step !== one.step);
  for (const other of others) if (one.lake && other.lake) refuseOtherLake(one, one.lake, other, other.lake);
  const mixed = others.find((other) => (one.lake === undefined) !== (other.lake === undefined) && overlap(one, other));
  if (mixed) warnOfFiles(one, mixed);
  known.push(one);
}

function refuseOtherLake(one: Use, lake: LakeCatalog, other: Use, otherLake: LakeCatalog): void {
  const isSame = one.url === other.url;
  if (isSame ? !areOther(lake, otherLake) : !overlap(one, other)) return;
  throw new Error(`${one.host.node.path} has the data of two lakes within each other, in the steps ${nameOf(other, one)} and "${one.step}": `
    + 'give each lake a prefix of its own, because a clean-up of one deletes the files of the other');
}

function warnOfFiles(one: Use, other: Use): void {
  const [lake, files] = one.lake ? [one, other] : [other, one];
  Annotations.of(one.host).addWarningV2('cdk-duckdb-lambda:lakeFolder', `the step ${nameOf(files, one)} has files in the folder of a lake, or around it, `
    + `in the step ${nameOf(lake, one)}: a clean-up of the lake deletes all Parquet files below its prefix that it does not know; give each a prefix of its own, `
    + 'or acknowledge this warning if no such file stays there');
}

function overlap({ url }: Use, { url: other }: Use): boolean {
  return url.startsWith(other) || other.startsWith(url);
}

/** Whether two catalogs surely are those of different lakes. A reader may reach its lake by another host than a writer. */
function areOther(one: LakeCatalog, other: LakeCatalog): boolean {
  const pairs = [[one.database, other.database], [one.schema, other.schema]];
  return pairs.some((pair) => pair.every((name) => name !== undefined && !Token.isUnresolved(name)) && pair[0] !== pair[1]);
}

/** The name of a step, and of its function if that is not the one of `from`. */
function nameOf({ step, host }: Use, from: Use): string {
  return `"${step}"${host === from.host ? '' : ` of ${host.node.path}`}`;
}

/** One bucket may be declared, and also imported by its name. */
function urlOf({ bucket, prefix }: Folder): string {
  return `s3://${knownName(bucket) ?? bucket.bucketName}/${prefix}`;
}
