import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bedPath, docker, lambdaBaseImage, pythonPackages, run } from '../../test/bed';
import { DUCKDB_VERSION, extensionFile, signedExtensions } from '../../test/lib-runtime/signed-extensions';

const PACKAGES = [`duckdb==${DUCKDB_VERSION}`, 'aws-lambda-powertools==3.37.0', 'boto3==1.44.8'];
/** Of its default bootstrap. */
const EXTENSIONS = ['httpfs', 'aws', 'postgres_scanner'];
const IMAGE = 'cdk-duckdb-lambda-benchmarks/python';

/** Why Python cannot take part on this machine; undefined if it can. */
export async function whyNoPython(): Promise<string | undefined> {
  const { standIn } = await lambdaBaseImage();
  return standIn && existsSync('/usr/bin/python3') ? undefined : 'its image can only be made on Debian, on the test bed\'s own base image';
}

/** An image for the article's wrapper: its packages on the base image of the others, and the same extensions in one flat directory. */
export async function buildPythonImage(): Promise<string> {
  const packages = await pythonPackages('article', PACKAGES, ['--target', 'files', '--no-compile']);
  const context = bedPath('benchmarks', 'python-image');
  const signed = await signedExtensions(...EXTENSIONS);
  const extensions = EXTENSIONS.map((name) => extensionFile(signed, name));
  await run(join(__dirname, '..', 'python-image', 'assemble.sh'), [context, join(packages, 'files'), ...extensions]);
  const { reference } = await lambdaBaseImage();
  await docker(['build', '--quiet', '--tag', IMAGE, '--build-arg', `BASE_IMAGE=${reference}`, context], { timeoutMs: 300_000 });
  return IMAGE;
}
