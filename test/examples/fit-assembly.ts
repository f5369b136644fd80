import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildNetwork, CONTAINER_HOST, lambdaBaseImage } from '../bed';
import { HOST_ARCHITECTURE } from '../bed/docker/base-image';

/**
 * MiniStack refuses a template with one of these, apart from routes, which need gateways, and from CDK's own resources: it runs their functions without
 * the AWS CLI of a layer, and without the AWS SDK of Lambda's Node.js. Nothing else in the examples refers to them.
 */
const LEFT_OUT = [
  ...['EIP', 'FlowLog', 'NatGateway', 'Route', 'SecurityGroupEgress', 'SecurityGroupIngress'].map((name) => `AWS::EC2::${name}`),
  'Custom::CDKBucketDeployment',
  'Custom::S3AutoDeleteObjects',
];

/** The name of the table bucket. MiniStack keeps the files of its tables in a bucket of this name, which must exist. */
export const TABLES = 'tables';

/** The rows of the table in MotherDuck. */
export const TARGETS = "(VALUES ('DE', 1000.00), ('FR', 2000.00)) targets(country, revenue)";

/** In place of MotherDuck, which is not on this machine, and whose extension is not in PyPI. */
const PLANNING = {
  name: 'motherduck',
  type: 'sql',
  provides: ['planning'],
  config: { statements: ["ATTACH ':memory:' AS planning", `CREATE TABLE planning.targets AS FROM ${TARGETS}`] },
};

const PLATFORMS = {
  x86_64: { platform: 'linux/amd64', DUCKDB_PLATFORM: 'linux_amd64', TARGET_ARCH: 'x64' },
  arm64: { platform: 'linux/arm64', DUCKDB_PLATFORM: 'linux_arm64', TARGET_ARCH: 'arm64' },
};

/**
 * Changes an example's assembly so that this machine can build its images and MiniStack can deploy its templates. All of its databases become the
 * given server on this machine, because MiniStack has only the records of databases, and MotherDuck becomes a database in memory.
 */
export async function fitAssembly(assembly: string, database?: { readonly port: number }): Promise<void> {
  const { network: networkMode, buildArgs } = await buildNetwork();
  const { reference } = await lambdaBaseImage();
  const { platform, ...target } = PLATFORMS[HOST_ARCHITECTURE];
  const args = { ...buildArgs, BASE_IMAGE: reference, BUILD_IMAGE: reference, EXTENSION_SOURCE: 'pypi', ...target };
  for (const file of readdirSync(assembly).map((name) => join(assembly, name))) {
    const content = file.endsWith('.json') && JSON.parse(readFileSync(file, 'utf8'));
    if (file.endsWith('.assets.json')) {
      for (const { source } of Object.values<any>(content.dockerImages ?? {})) {
        const EXTENSIONS = source.dockerBuildArgs.EXTENSIONS.replace(' motherduck', '');
        Object.assign(source, { platform, networkMode, dockerBuildArgs: { ...source.dockerBuildArgs, ...args, EXTENSIONS } });
      }
      writeFileSync(file, JSON.stringify(content));
    }
    if (file.endsWith('.template.json')) writeFileSync(file, fittedTemplate(content, basename(file, '.template.json'), database?.port));
  }
}

function fittedTemplate(template: any, stack: string, port?: number): string {
  for (const [id, { Type, Properties }] of Object.entries<any>(template.Resources)) {
    if (LEFT_OUT.includes(Type)) delete template.Resources[id];
    if (Properties?.PackageType === 'Image') Properties.Architectures = [HOST_ARCHITECTURE];
    // Otherwise they begin with the stack's name, and MiniStack takes paths that begin with /iceberg for those of its catalog.
    if (Type === 'AWS::S3::Bucket') Properties.BucketName = `in-${stack}-${id}`.toLowerCase();
    // Its CloudFront asks S3 without TLS.
    if (Type === 'AWS::S3::BucketPolicy') {
      Properties.PolicyDocument.Statement = Properties.PolicyDocument.Statement.filter(({ Condition }: any) => Condition?.Bool?.['aws:SecureTransport'] === undefined);
    }
    if (Type === 'AWS::S3Tables::TableBucket') Properties.TableBucketName = TABLES;
  }
  return JSON.stringify(template)
    .replace(/\{"Fn::GetAtt":\["\w+","Endpoint\.Address"\]\}/g, `"${CONTAINER_HOST}"`)
    .replace(/\{"Fn::GetAtt":\["\w+","Endpoint\.Port"\]\}/g, `"${port}"`)
    .replace(/replica\.example\.com(\\",\\"port\\":)5432/, `${CONTAINER_HOST}$1${port}`)
    .replace(/\{\\"name\\":\\"motherduck\\".*?\}\}/, () => JSON.stringify(JSON.stringify(PLANNING)).slice(1, -1))
    // It does not know this attribute. It is CDK's default.
    .replace(/\{"Fn::GetAtt":\["\w+","CidrBlock"\]\}/g, '"10.0.0.0/16"');
}
