import { credentialIn } from '../../src/checks/sql-credentials';

test.each([
  ['CREATE SECRET (TYPE s3, KEY_ID \'AKIA\', SECRET \'hunter2\')', 'SECRET'],
  ['create or replace persistent secret lake (type s3, key_id \'AKIA\', secret "hunter2")', 'secret'],
  ['CREATE TEMPORARY SECRET s (TYPE s3, SECRET hunter2)', 'SECRET'],
  ['CREATE SECRET (TYPE s3, SECRET $$hunter2$$)', 'SECRET'],
  ['CREATE SECRET (TYPE s3, SECRET $s, SESSION_TOKEN \'hunter2\')', 'SESSION_TOKEN'],
  ['CREATE SECRET (TYPE postgres, HOST \'db\', PASSWORD \'hunter2\')', 'PASSWORD'],
  ['CREATE SECRET (TYPE iceberg, CLIENT_ID \'x\', CLIENT_SECRET \'hunter2\')', 'CLIENT_SECRET'],
  ['CREATE SECRET (TYPE huggingface, TOKEN E\'hunter2\')', 'TOKEN'],
  ['CREATE SECRET (TYPE azure, CONNECTION_STRING \'AccountName=x\')', 'CONNECTION_STRING'],
  ['CREATE SECRET (TYPE http, EXTRA_HTTP_HEADERS MAP {\'Authorization\': \'Bearer hunter2\'})', 'Authorization'],
  ['ATTACH \'warehouse\' AS ice (TYPE iceberg,\n  TOKEN \'hunter2\')', 'TOKEN'],
  ['ATTACH \'lake.duckdb\' AS lake (ENCRYPTION_KEY \'hunter2\')', 'ENCRYPTION_KEY'],
  ['ATTACH \'host=db user=reader password=hunter2\' AS crm (TYPE postgres)', 'password'],
  ['ATTACH \'password=hunter2 host=db\' AS crm (TYPE postgres)', 'password'],
  ['ATTACH \'Server=db;Pwd=hunter2\' AS crm (TYPE odbc)', 'Pwd'],
  ['ATTACH \'md:sales?motherduck_token=hunter2\'', 'motherduck_token'],
  ['SET motherduck_token = \'hunter2\'', 'motherduck_token'],
  ['SET GLOBAL s3_secret_access_key TO \'hunter2\'', 's3_secret_access_key'],
  ['SELECT 1; SET http_proxy_password=\'hunter2\'', 'http_proxy_password'],
])('%s shows what is secret', (sql, name) => {
  expect(credentialIn(sql)).toBe(name);
});

test.each([
  'CREATE SECRET warehouse (TYPE iceberg, TOKEN $token)',
  'CREATE SECRET secret (TYPE s3, PROVIDER credential_chain, KEY_ID \'AKIA\')',
  'CREATE SECRET (TYPE s3, KEY_ID $id, SECRET $secret, SESSION_TOKEN $token)',
  'CREATE SECRET (TYPE postgres, PASSWORD getenv(\'PGPASSWORD\'))',
  'CREATE SECRET (TYPE postgres, PASSWORD \'\')',
  'CREATE SECRET (TYPE iceberg, CLIENT_SECRET $secret, OAUTH2_SERVER_URI \'https://catalog.example.com/token\')',
  'ATTACH \'warehouse\' AS ice (TYPE iceberg, ENDPOINT \'https://catalog.example.com\', SECRET warehouse)',
  'ATTACH \'\' AS crm (TYPE postgres, SECRET \'crm\')',
  'ATTACH \'host=db user=reader\' AS crm (TYPE postgres)',
  'SET motherduck_token = $token',
  'CREATE TABLE users (id INTEGER, token VARCHAR, password VARCHAR)',
  'CREATE VIEW v AS SELECT * FROM users WHERE name = \'x\' AND token = other AND kind = \'y\'',
  'CREATE MACRO first(a, token) AS a',
  'SELECT which_secret(\'s3://lake/x\', \'s3\')',
])('%s does not', (sql) => {
  expect(credentialIn(sql)).toBeUndefined();
});
