import { Token } from 'aws-cdk-lib';
import { expectText, shown } from '../../checks/expect';

/** ISO 8601 with its offset. Without one, the time would depend on DuckDB's setting TimeZone. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * A state of a DuckLake. Each commit creates one.
 *
 * @example
 * declare const metadata: DuckLakeMetadata;
 * declare const lake: s3.IBucket;
 *
 * new DuckLakeStep({ metadata, data: { bucket: lake, prefix: 'lake/' }, snapshot: DuckLakeSnapshot.time('2026-01-31T23:59:59Z') });
 * new DuckLakeStep({ metadata, data: { bucket: lake, prefix: 'lake/' }, snapshot: DuckLakeSnapshot.version(42), catalog: 'before' });
 */
export class DuckLakeSnapshot {
  /**
   * The snapshot with a number, as `lake.snapshots()` lists them.
   *
   * @param snapshotId a whole number from 0
   */
  public static version(snapshotId: number): DuckLakeSnapshot {
    if (!Token.isUnresolved(snapshotId) && !(Number.isSafeInteger(snapshotId) && snapshotId >= 0)) {
      throw new Error(`DuckLakeSnapshot.version has ${shown(snapshotId)}: expected a whole number from 0, as lake.snapshots() lists them`);
    }
    return new DuckLakeSnapshot({ snapshotVersion: snapshotId });
  }

  /**
   * The latest snapshot at a time.
   *
   * @param time such as `2026-01-31T00:00:00Z`: ISO 8601 with its offset
   */
  public static time(time: string): DuckLakeSnapshot {
    expectText(time, 'DuckLakeSnapshot.time has', '2026-01-31T00:00:00Z');
    if (!Token.isUnresolved(time) && !isTime(time)) {
      throw new Error(`DuckLakeSnapshot.time has ${shown(time)}: expected ISO 8601 with an offset, such as "2026-01-31T00:00:00Z"`);
    }
    return new DuckLakeSnapshot({ snapshotTime: time });
  }

  private constructor(
    /**
     * The snapshot as the runtime reads it.
     * @internal
     */
    public readonly _config: { [key: string]: any },
  ) {}
}

function isTime(text: string): boolean {
  if (!TIME.test(text) || Number.isNaN(Date.parse(text))) return false;
  // JavaScript reads February 31 as March 3.
  const date = text.slice(0, 'YYYY-MM-DD'.length);
  return new Date(date).toISOString().startsWith(date);
}
