import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { REMOTE_SCHEMES } from '../base/remote-urls';
import { Pieces } from '../base/sql-pieces';
import { excerpt, quotedString } from '../base/sql-text';
import type { Statement } from '../execution/statement';

/** Statements that may hold credentials are not profiled, because DuckDB's profiler writes their text to a file. */
const MAY_HOLD_CREDENTIALS = /\b(?:SECRET|ATTACH|PRAGMA)\b|^\s*SET\b/i;
const STRING = /^(?:'|e'|\$)/i;
const PLAIN_URL = new RegExp(`^['"](${REMOTE_SCHEMES}://[^'"?@]*)(?:\\?[^@]*)?['"]$`, 'i');

/** The box in DuckDB's profile that has the counts. The profile does not contain the requests' headers. */
const BOX = /HTTPFS HTTP Stats[^]*?\bin: ([\d.]+ \w+)[^]*?\bout: ([\d.]+ \w+)([^]*?)Total Time/;
const METHOD = /#([A-Z]+): (\d+)/g;
const SIZE_UNITS = ['byte', 'KiB', 'MiB', 'GiB', 'TiB'];

let fileNumber = 0;

/** The number of requests and bytes of one call, as DuckDB counts them. */
export class RequestLog {
  private readonly requests: Record<string, number> = {};
  private readonly bytes = { received: 0, sent: 0 };
  private readonly started = performance.now();
  private file: string | undefined;
  private isKnown = false;

  constructor(private readonly statement: Statement) {}

  /** Makes DuckDB count the requests of the connection's next statements. */
  async begin(connection: DuckDBConnection): Promise<void> {
    if (MAY_HOLD_CREDENTIALS.test(this.statement.sql)) return;
    const file = join(tmpdir(), `duckdb-requests-${process.pid}-${fileNumber += 1}.txt`);
    // The file comes first. Without a file, DuckDB prints the profile.
    const settings = { profiling_output: file, enable_profiling: 'query_tree', profiling_coverage: 'ALL' };
    const script = Object.entries(settings).map(([name, value]) => `SET SESSION ${name} = ${quotedString(value)}`).join('; ');
    // Fails if the configuration is locked, or in a failed transaction. Then there are no counts.
    await connection.run(script).then(() => { this.file = file; }, () => undefined);
  }

  /** Adds what DuckDB has counted since `begin`. */
  async end(connection: DuckDBConnection): Promise<void> {
    const { file } = this;
    if (file === undefined) return;
    this.file = undefined;
    this.add(file);
    await connection.run('PRAGMA disable_profiling').catch(() => undefined);
    rmSync(file, { force: true });
  }

  /** Writes a line to the function's log, if there were requests or the statement names remote files (`isRemote`). */
  print(isRemote: boolean): void {
    if (!isRemote && Object.keys(this.requests).length === 0) return;
    console.log(JSON.stringify({
      message: 'duckdb requests',
      sql: excerpt(withoutValues(this.statement.sql)),
      milliseconds: Math.round(10 * (performance.now() - this.started)) / 10,
      ...(this.isKnown && { requests: this.requests, receivedBytes: this.bytes.received, sentBytes: this.bytes.sent }),
    }));
  }

  private add(file: string): void {
    let profile: string;
    try {
      profile = readFileSync(file, 'utf8');
    } catch {
      // DuckDB does not write a profile of a failed statement.
      return;
    }
    this.isKnown = true;
    const [, received, sent, methods = ''] = BOX.exec(profile) ?? [];
    for (const [, method, count] of methods.matchAll(METHOD)) {
      if (count !== '0') this.requests[method!] = (this.requests[method!] ?? 0) + Number(count);
    }
    this.bytes.received += bytesOf(received);
    this.bytes.sent += bytesOf(sent);
  }
}

/** `sql` without comments and without the values of its strings, except for URLs. */
function withoutValues(sql: string): string {
  let text = '';
  for (const pieces = new Pieces(sql, 0); !pieces.atEnd; pieces.next()) {
    const piece = pieces.text;
    if (piece.startsWith('--') || piece.startsWith('/*')) text += ' ';
    else if (piece.length > 1 && STRING.test(piece)) text += `'${PLAIN_URL.exec(piece)?.[1] ?? '...'}'`;
    // In DuckDB, a URL in double quotes is also a file.
    else if (piece.includes('://')) text += `"${PLAIN_URL.exec(piece)?.[1] ?? '...'}"`;
    else text += piece;
  }
  return text;
}

/** The bytes of a size such as `9.4 MiB`, which DuckDB has rounded. */
function bytesOf(size = '0 bytes'): number {
  const [figure, unit] = size.split(' ');
  return Math.round(Number(figure) * 1024 ** Math.max(0, SIZE_UNITS.indexOf(unit!)));
}
