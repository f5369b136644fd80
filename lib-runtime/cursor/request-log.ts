import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { REMOTE_SCHEMES } from '../base/remote-urls';
import { Pieces } from '../base/sql-pieces';
import { excerpt, quotedString } from '../base/sql-text';
import type { Statement } from '../execution/statement';

/** What may hold credentials is not handed to DuckDB's profiler, which writes the text to a file. */
const MAY_HOLD_CREDENTIALS = /\b(?:SECRET|ATTACH|PRAGMA)\b|^\s*SET\b/i;
const STRING = /^(?:'|e'|\$)/i;
const PLAIN_URL = new RegExp(`^['"](${REMOTE_SCHEMES}://[^'"?@]*)(?:\\?[^@]*)?['"]$`, 'i');

/** DuckDB's profile, as a tree, has a box with these. It has no header of any request. */
const BOX = /HTTPFS HTTP Stats[^]*?\bin: ([\d.]+ \w+)[^]*?\bout: ([\d.]+ \w+)([^]*?)Total Time/;
const METHOD = /#([A-Z]+): (\d+)/g;
const SIZE_UNITS = ['byte', 'KiB', 'MiB', 'GiB', 'TiB'];

let fileNumber = 0;

/** The requests of one call: how many there were, and how many bytes, by DuckDB's own count. */
export class RequestLog {
  private readonly requests: Record<string, number> = {};
  private readonly bytes = { received: 0, sent: 0 };
  private readonly started = performance.now();
  private file: string | undefined;
  private isKnown = false;

  constructor(private readonly statement: Statement) {}

  /** Has DuckDB count the requests of what runs next on the connection. */
  async begin(connection: DuckDBConnection): Promise<void> {
    if (MAY_HOLD_CREDENTIALS.test(this.statement.sql)) return;
    const file = join(tmpdir(), `duckdb-requests-${process.pid}-${fileNumber += 1}.txt`);
    // The file first: without one, DuckDB prints.
    const settings = { profiling_output: file, enable_profiling: 'query_tree', profiling_coverage: 'ALL' };
    const script = Object.entries(settings).map(([name, value]) => `SET SESSION ${name} = ${quotedString(value)}`).join('; ');
    // Not where the configuration is locked, or a transaction has failed.
    await connection.run(script).then(() => { this.file = file; }, () => undefined);
  }

  /** Adds up what DuckDB has counted since. */
  async end(connection: DuckDBConnection): Promise<void> {
    const { file } = this;
    if (file === undefined) return;
    this.file = undefined;
    this.add(file);
    await connection.run('PRAGMA disable_profiling').catch(() => undefined);
    rmSync(file, { force: true });
  }

  /** Prints it, in a line of the function's log, where there were requests or the statement `isRemote`: it names remote files. */
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
      // DuckDB writes none of a statement that has failed.
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

/** `sql` without the values of its strings, save for URLs, and without its comments. */
function withoutValues(sql: string): string {
  let text = '';
  for (const pieces = new Pieces(sql, 0); !pieces.atEnd; pieces.next()) {
    const piece = pieces.text;
    if (piece.startsWith('--') || piece.startsWith('/*')) text += ' ';
    else if (piece.length > 1 && STRING.test(piece)) text += `'${PLAIN_URL.exec(piece)?.[1] ?? '...'}'`;
    // DuckDB also reads a file whose URL stands in double quotes.
    else if (piece.includes('://')) text += `"${PLAIN_URL.exec(piece)?.[1] ?? '...'}"`;
    else text += piece;
  }
  return text;
}

/** Of a size such as `9.4 MiB`, which DuckDB has rounded. */
function bytesOf(size = '0 bytes'): number {
  const [figure, unit] = size.split(' ');
  return Math.round(Number(figure) * 1024 ** Math.max(0, SIZE_UNITS.indexOf(unit!)));
}
