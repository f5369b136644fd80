import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { S3Server } from './s3';
import type { Availability } from '../availability';
import { aptInstall, canInstallPackages } from '../process/apt';
import { startProcess, type BackgroundProcess } from '../process/background-process';
import { run } from '../process/command';
import { freePort } from '../process/free-port';
import { madeOnce } from '../process/made-once';
import { newRunDirectory } from '../process/run-directory';

export interface IcebergRestOptions {
  /** Whether it hands its own S3 credentials to clients that ask for them. @default false */
  readonly vendsCredentials?: boolean;
}

export interface IcebergRestServer extends BackgroundProcess {
  /** As this machine sees it; containers use `CONTAINER_HOST` and `port`. */
  readonly endpoint: string;
  readonly port: number;
  /** The bucket in which it keeps its tables. */
  readonly bucket: string;
}

const POM = join(__dirname, 'iceberg-rest/pom.xml');
const BUCKET = 'warehouse';

const runs = (program: string) => spawnSync(program, ['-version'], { timeout: 20_000 }).status === 0;
const hasJava = () => runs('java');
const hasMaven = () => runs('mvn');

/** It needs Java 17 or newer, and Maven for its first start. */
export function icebergRestAvailability(): Availability {
  if (canInstallPackages() || (hasJava() && hasMaven())) return { available: true };
  return { available: false, reason: 'needs Java 17 and Maven: install a JRE, and mvn' };
}

/** Returns the folder with its jars in `lib`: some 150 of them, 110 MB, from Maven Central. */
export async function installIcebergRest(): Promise<string> {
  await aptInstall(['default-jre-headless'], hasJava);
  return jars();
}

const jars = () => madeOnce('iceberg-rest', [readFileSync(POM)], async (target) => {
  await aptInstall(['maven'], hasMaven);
  // A Maven of the user's own does not keep what is only for the tests.
  const repository = join(target, 'repository');
  await run('mvn', ['-q', '-B', '-f', POM, `-Dmaven.repo.local=${repository}`, 'dependency:copy-dependencies', `-DoutputDirectory=${join(target, 'lib')}`], {
    timeoutMs: 400_000,
  });
  await rm(repository, { recursive: true });
});

/** The Iceberg REST catalog that Apache Iceberg builds for its own tests, on all addresses. Its tables lie in the bucket `warehouse` of `s3`. */
export async function startIcebergRest(s3: S3Server, { vendsCredentials = false }: IcebergRestOptions = {}): Promise<IcebergRestServer> {
  const installed = await installIcebergRest();
  mkdirSync(join(s3.dir, BUCKET), { recursive: true });
  const directory = newRunDirectory('iceberg-rest');
  const port = await freePort();
  const { pid, stop } = await startProcess({
    directory,
    command: ['java', '-Xmx384m', '-cp', join(installed, 'lib/*'), 'org.apache.iceberg.rest.RESTCatalogServer'],
    env: {
      AWS_ACCESS_KEY_ID: s3.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
      AWS_REGION: s3.region,
      // Otherwise the S3 server stores the SDK's framing of the chunks as a part of the object.
      AWS_REQUEST_CHECKSUM_CALCULATION: 'WHEN_REQUIRED',
      AWS_RESPONSE_CHECKSUM_VALIDATION: 'WHEN_REQUIRED',
      CATALOG_REST_PORT: `${port}`,
      CATALOG_WAREHOUSE: `s3://${BUCKET}/`,
      CATALOG_IO__IMPL: 'org.apache.iceberg.aws.s3.S3FileIO',
      CATALOG_S3_ENDPOINT: s3.endpoint,
      CATALOG_S3_PATH__STYLE__ACCESS: 'true',
      // In a file, because in memory each connection would have a catalog of its own.
      CATALOG_CATALOG__IMPL: 'org.apache.iceberg.jdbc.JdbcCatalog',
      CATALOG_URI: `jdbc:sqlite:${join(directory, 'catalog.db')}?busy_timeout=5000`,
      CATALOG_JDBC_USER: 'user',
      CATALOG_JDBC_PASSWORD: 'password',
      CATALOG_JDBC_SCHEMA__VERSION: 'V1',
      ...vendsCredentials && {
        CATALOG_INCLUDE__CREDENTIALS: 'true',
        CATALOG_S3_ACCESS__KEY__ID: s3.accessKeyId,
        CATALOG_S3_SECRET__ACCESS__KEY: s3.secretAccessKey,
        CATALOG_CLIENT_REGION: s3.region,
      },
    },
    port,
  });
  return { pid, stop, endpoint: `http://127.0.0.1:${port}`, port, bucket: BUCKET };
}
