import { existsSync } from 'node:fs';
import { startPostgres, type PostgresServer } from '..';
import { isAlive, processIdentity } from '../process/process-identity';
import { describeWith } from '../require';

const CONNECTION = 'SELECT current_database() AS database, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';

describeWith('postgres', 'startPostgres', () => {
  it('answers over TLS, with a certificate that its authority verifies', async () => {
    const postgres = await startPostgres();
    try {
      expect(await postgres.query(CONNECTION)).toEqual([{ database: 'app', ssl: true }]);
      expect(postgres.ca).toContain('BEGIN CERTIFICATE');
      expect(await postgres.query('CREATE ROLE reader LOGIN PASSWORD \'secret\'; SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await expect(postgres.query('SELECT 1', { user: 'reader', password: 'wrong' })).rejects.toThrow('password authentication failed');
    } finally {
      await postgres.stop();
    }
  });

  it('answers without TLS, with settings of the caller', async () => {
    const postgres = await startPostgres({ tls: false, database: 'plain', settings: { statement_timeout: '1234ms' } });
    try {
      expect(await postgres.query(CONNECTION)).toEqual([{ database: 'plain', ssl: false }]);
      expect(await postgres.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '1234ms' }]);
    } finally {
      await postgres.stop();
    }
  });

  it('makes a replica of a server, in recovery', async () => {
    const postgres = await startPostgres();
    let replica: PostgresServer | undefined;
    try {
      await postgres.query('CREATE TABLE t AS SELECT 42 AS answer');
      replica = await startPostgres({ replicaOf: postgres });
      expect(await replica.query('SELECT answer, pg_is_in_recovery() AS recovering FROM t')).toEqual([{ answer: 42, recovering: true }]);
      await expect(replica.query('CREATE TABLE u (i int)')).rejects.toThrow('read-only transaction');
    } finally {
      await Promise.all([postgres.stop(), replica?.stop()]);
    }
  });

  it('starts quickly when installed, and leaves neither process nor data', async () => {
    const start = performance.now();
    const postgres = await startPostgres();
    expect(performance.now() - start).toBeLessThan(15_000);
    const identity = processIdentity(postgres.pid)!;
    expect(isAlive(identity)).toBe(true);
    await postgres.stop();
    expect(isAlive(identity)).toBe(false);
    expect(existsSync(postgres.dataDir)).toBe(false);
  });
});
