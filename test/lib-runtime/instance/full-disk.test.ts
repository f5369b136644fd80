import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Availability } from '../../bed/availability';
import { describeIf } from '../../bed/require';
import { freshRuntime } from '../fresh-runtime';
import { rejection } from '../rejection';
import { config } from '../runtime-config';
import { says } from '../says';

const KIB = 1024;

function mount(directory: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', directory], { stdio: 'pipe' });
}

function mounting(): Availability {
  const directory = mkdtempSync(join(tmpdir(), 'mount-'));
  try {
    mount(directory);
    execFileSync('umount', [directory]);
    return { available: true };
  } catch (error) {
    return { available: false, reason: `cannot mount a file system: ${(error as Error).message.trim()}` };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describeIf(mounting(), 'a disk that is full', () => {
  let disk: string;
  let file: string;
  beforeEach(() => {
    disk = mkdtempSync(join(tmpdir(), 'disk-'));
    mount(disk);
    file = join(disk, 'reports.duckdb');
  });
  afterEach(() => {
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  });

  /** Leaves `free` bytes. */
  const fill = (free: number) => writeFileSync(join(disk, 'filled'), Buffer.alloc(256 * KIB - free));
  const empty = () => rmSync(join(disk, 'filled'));
  const databases = () => readdirSync(disk).filter((name) => name.includes('.duckdb'));

  test.each([0, 4 * KIB, 8 * KIB])('with %d bytes left no DuckDB opens, the error says why, and the next one does once there is room', async (free) => {
    const { DuckDB } = freshRuntime();
    await using database = new DuckDB({ dbName: file });
    fill(free);
    const error = await rejection(database.cursor((c) => c.query('SELECT 1')));
    expect(error).toMatchObject({ code: 'FATAL', retryable: true });
    says('SYSTEM.noSpace', error.message);
    expect(error.message).toMatch(/^cannot open DuckDB at ".*reports\.duckdb": the disk is full \(.*No space left on device\): .*ephemeralStorageSize/);
    expect(databases()).toEqual([]);
    empty();
    await database.cursor((c) => c.execute('CREATE TABLE t AS SELECT 1 AS i'));
    await database.destroy();
    await using another = new DuckDB({ dbName: file });
    expect(await another.cursor((c) => c.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
    expect(databases()).toContain('reports.duckdb');
  });

  test.each([
    ['attach', async (runtime: ReturnType<typeof freshRuntime>) => runtime.session((s) => s.attach(file))],
    ['ATTACH by SQL', async (runtime: ReturnType<typeof freshRuntime>) => runtime.cursor((c) => c.execute(`ATTACH IF NOT EXISTS '${file}' AS reports`))],
    ['ATTACH of a URL', async (runtime: ReturnType<typeof freshRuntime>) => runtime.cursor((c) => c.execute(`ATTACH IF NOT EXISTS 'file://${file}' AS reports`))],
    ['a declared database', async (runtime: ReturnType<typeof freshRuntime>) => runtime.cursor({ database: 'reports' }, (c) => c.query('SELECT 1'))],
  ])('the same holds for %s', async (_, open) => {
    const runtime = freshRuntime(config({ databases: { reports: { file } } }));
    fill(0);
    expect(await rejection(open(runtime))).toMatchObject({ message: expect.stringContaining('No space left on device') });
    expect(databases()).toEqual([]);
    empty();
    await open(runtime);
  });

  test('Node.js reports it with a code', async () => {
    says('SYSTEM.noSpaceCode', (await rejection(Promise.resolve().then(() => fill(-1)))).message);
  });

  test('a read-only file system', async () => {
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    says('DUCKDB.readOnlyFileSystem', (await rejection(freshRuntime().cursor((c) => c.execute(`COPY (SELECT 1 AS x) TO '${disk}/x.csv'`)))).message);
  });

  test('a file that was there before is left as it was', async () => {
    writeFileSync(file, 'the user\'s own');
    const { DuckDB, session } = freshRuntime();
    await using database = new DuckDB({ dbName: file });
    fill(4 * KIB);
    expect(await rejection(database.cursor((c) => c.query('SELECT 1')))).toMatchObject({ code: 'FATAL' });
    await rejection(session((s) => s.attach(file)));
    expect(databases()).toEqual(['reports.duckdb']);
  });
});
