import { quotedIdentifier, quotedString } from '../../base/sql-text';

const CONSTRAINT = 'one_delete_file_of_a_data_file';

/**
 * SQL that makes PostgreSQL refuse what DuckLake 1.0 does not see as a conflict: two transactions that delete from a data file that already had deleted
 * rows. Both would commit, each with a delete file of its own, and the table would answer wrongly from then on.
 *
 * It does nothing if the constraint exists, and if the user does not own the table.
 */
export function guardOfDeletes(catalog: string, schema: string): string {
  const table = `${quotedIdentifier(schema)}.ducklake_delete_file`;
  // DuckLake removes the old delete file and adds the new one in the same transaction, so the order must not matter.
  const block = `DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname = ${quotedString(CONSTRAINT)} AND conrelid = ${quotedString(table)}::regclass) THEN
    PERFORM set_config('lock_timeout', '2s', true);
    ALTER TABLE ${table} ADD CONSTRAINT ${CONSTRAINT} EXCLUDE USING btree (data_file_id WITH =) WHERE (end_snapshot IS NULL) DEFERRABLE INITIALLY DEFERRED;
  END IF;
EXCEPTION WHEN OTHERS THEN NULL;
END $$`;
  return `CALL postgres_execute(${quotedString(`__ducklake_metadata_${catalog}`)}, ${quotedString(block)})`;
}
