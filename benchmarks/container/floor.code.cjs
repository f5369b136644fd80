// The floor: the least that a cold start can cost on DuckDB's Node.js client, written by hand only for the measured queries.
// benchmarks/harness/programs.ts bundles and minifies it together with the client's JavaScript, and compiles it. Only the native half stays
// outside.
//
//   STEPS     of "s3 postgres ducklake", the steps that the SQL needs
//   SQL       one statement
//   CHECKED   set: DuckDB checks the extensions' signatures at LOAD
const { once } = require('node:events');
// Does not use @duckdb/node-bindings, which first determines the C library.
const duckdb = require(`@duckdb/node-bindings-${process.platform}-${process.arch}/duckdb.node`);

const { env } = process;
const steps = env.STEPS.split(' ').filter(Boolean);
const has = (step) => steps.includes(step);
const text = (value) => `'${value.replaceAll('\'', '\'\'')}'`;
const extension = (name) =>
  `LOAD '${env.DUCKDB_EXTENSIONS_DIR}/${duckdb.library_version()}/linux_${process.arch === 'x64' ? 'amd64' : 'arm64'}/${name}.duckdb_extension';`;

// On a libuv thread, while this one sends the request for the password and evaluates the client.
const opening = duckdb.open(':memory:', config());
const started = has('postgres') ? startWithPassword() : start();
started.catch(() => undefined);

exports.handler = async () => {
  const connection = await started;
  const result = await connection.run(env.SQL);
  return result.getRowObjectsJson();
};

function config() {
  const options = {
    home_directory: env.TMPDIR, allow_persistent_secrets: 'false', autoinstall_known_extensions: 'false', autoload_known_extensions: 'false',
    ...!env.CHECKED && { allow_unsigned_extensions: 'true' },
  };
  const made = duckdb.create_config();
  for (const [name, value] of Object.entries(options)) duckdb.set_config(made, name, value);
  return made;
}

async function startWithPassword() {
  const { sent, answer } = askSsm(env.PASSWORD_PARAMETER);
  // Code that runs before the request has left would delay it.
  await sent;
  const connection = await start();
  await connection.run(attachPostgres(await answer));
  return connection;
}

async function start() {
  const { DuckDBConnection } = require('@duckdb/node-api');
  const connection = new DuckDBConnection(await duckdb.connect(await opening));
  const sql = [
    ...has('s3') ? [extension('httpfs')] : [],
    ...has('postgres') ? [extension('postgres_scanner')] : [],
    ...has('ducklake') ? [extension('ducklake')] : [],
    ...env.CHECKED ? [] : ['SET allow_unsigned_extensions = false;'],
    ...has('s3') ? [createS3Secret()] : [],
    ...has('ducklake') ? [`ATTACH 'ducklake:${env.DUCKLAKE}' AS ducklake (READ_ONLY);`] : [],
  ].join('\n');
  // One script, because each call costs a change of threads.
  if (sql) await connection.run(sql);
  return connection;
}

function createS3Secret() {
  const { protocol, host } = new URL(env.AWS_ENDPOINT_URL_S3);
  return `SET httpfs_connection_caching = true;
    CREATE TEMPORARY SECRET s3 (TYPE s3, KEY_ID ${text(env.AWS_ACCESS_KEY_ID)}, SECRET ${text(env.AWS_SECRET_ACCESS_KEY)},
      REGION ${text(env.AWS_REGION)}, ENDPOINT ${text(host)}, USE_SSL ${protocol === 'https:'}, URL_STYLE 'path');`;
}

function attachPostgres(password) {
  return `CREATE TEMPORARY SECRET postgres (TYPE postgres, HOST ${text(env.PGHOST)}, PORT ${text(env.PGPORT)}, DATABASE ${text(env.PGDATABASE)},
      USER ${text(env.PGUSER)}, PASSWORD ${text(password)}, SSLMODE 'require');
    ATTACH '' AS pg_replica (TYPE postgres, READ_ONLY, SECRET postgres, SCHEMA 'public');`;
}

/** A signed request with Node.js's own client. Loading the AWS SDK's client takes longer than this whole program. */
function askSsm(name) {
  const { createHash, createHmac } = require('node:crypto');
  const url = new URL(env.AWS_ENDPOINT_URL_SSM);
  const { request } = require(url.protocol === 'https:' ? 'node:https' : 'node:http');
  const body = JSON.stringify({ Name: name, WithDecryption: true });
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'host': url.host,
    'x-amz-date': time,
    ...env.AWS_SESSION_TOKEN && { 'x-amz-security-token': env.AWS_SESSION_TOKEN },
    'x-amz-target': 'AmazonSSM.GetParameter',
  };
  const sha256 = (data) => createHash('sha256').update(data).digest('hex');
  const hmac = (key, data) => createHmac('sha256', key).update(data).digest();
  const signed = Object.keys(headers).join(';');
  const scope = `${time.slice(0, 8)}/${env.AWS_REGION}/ssm/aws4_request`;
  const canonical = `POST\n/\n\n${Object.entries(headers).map(([key, value]) => `${key}:${value}\n`).join('')}\n${signed}\n${sha256(body)}`;
  const key = scope.split('/').reduce(hmac, `AWS4${env.AWS_SECRET_ACCESS_KEY}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${env.AWS_ACCESS_KEY_ID}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
  const sending = request(url, { method: 'POST', headers: { ...headers, authorization, 'content-length': Buffer.byteLength(body) } });
  const answer = new Promise((resolve, reject) => {
    sending.once('error', reject).once('response', (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (part) => { received += part; }).on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(received).Parameter.Value);
        else reject(new Error(`SSM: ${response.statusCode} ${received}`));
      });
    });
  });
  answer.catch(() => undefined);
  sending.end(body);
  return { sent: Promise.race([once(sending, 'finish'), answer]), answer };
}
