// Node.js with care but in sequence: bundled, baked extensions with their signatures checked, the password with Powertools and the AWS SDK.
const { DuckDBInstance, version } = require('@duckdb/node-api');

const { env } = process;
const has = (step) => env.STEPS.split(' ').includes(step);
const load = (name) =>
  `LOAD '${env.DUCKDB_EXTENSIONS_DIR}/${version()}/linux_${process.arch === 'x64' ? 'amd64' : 'arm64'}/${name}.duckdb_extension'`;

let connecting;

exports.handler = async () => {
  const connection = await (connecting ??= connect());
  const reader = await connection.runAndReadAll(env.SQL);
  return reader.getRowObjectsJson();
};

async function connect() {
  const instance = await DuckDBInstance.create(':memory:', { home_directory: env.TMPDIR, allow_persistent_secrets: 'false' });
  const connection = await instance.connect();
  if (has('s3')) await accessS3(connection);
  if (has('postgres')) await attachPostgres(connection);
  if (has('ducklake')) {
    await connection.run(load('ducklake'));
    await connection.run(`ATTACH 'ducklake:${env.DUCKLAKE}' AS ducklake (READ_ONLY)`);
  }
  return connection;
}

async function accessS3(connection) {
  await connection.run(load('httpfs'));
  await connection.run(`CREATE SECRET s3 (TYPE s3, KEY_ID '${env.AWS_ACCESS_KEY_ID}', SECRET '${env.AWS_SECRET_ACCESS_KEY}',
    REGION '${env.AWS_REGION}', ENDPOINT '${new URL(env.AWS_ENDPOINT_URL_S3).host}', USE_SSL false, URL_STYLE 'path')`);
}

async function attachPostgres(connection) {
  const { getParameter } = require('@aws-lambda-powertools/parameters/ssm');
  const password = await getParameter(env.PASSWORD_PARAMETER, { decrypt: true });
  await connection.run(load('postgres_scanner'));
  await connection.run(`CREATE SECRET postgres (TYPE postgres, HOST '${env.PGHOST}', PORT '${env.PGPORT}', DATABASE '${env.PGDATABASE}',
    USER '${env.PGUSER}', PASSWORD '${password.replaceAll('\'', '\'\'')}', SSLMODE 'require')`);
  await connection.run("ATTACH '' AS pg_replica (TYPE postgres, READ_ONLY, SECRET postgres)");
}
