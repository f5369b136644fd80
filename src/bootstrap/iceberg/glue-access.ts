import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { iamLiteral } from '../../aws/iam-literal';

/** `GetDatabases` lists the schemas, although the documentation of Glue's REST catalog names `GetDatabase` alone. */
const READING = ['glue:GetCatalog', 'glue:GetDatabase', 'glue:GetDatabases', 'glue:GetTable', 'glue:GetTables'];
const WRITING = ['glue:CreateTable', 'glue:UpdateTable'];

/** A catalog of the Glue Data Catalog. */
export interface GlueCatalog {
  readonly region: string;
  readonly account: string;
  /** The name of a catalog below the account's own. */
  readonly name?: string;
  /** The databases that may be reached; undefined means all. */
  readonly databases?: string[];
}

/**
 * Lets a role read the tables of a Glue catalog, and on request create and change them. Glue asks for each action on the object and on all above it.
 *
 * @see https://docs.aws.amazon.com/glue/latest/dg/iceberg-rest-apis.html
 * @see https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
 */
export function grantGlueCatalog(role: iam.IRole, stack: Stack, { region, account, name, databases }: GlueCatalog, canWrite: boolean): void {
  const arn = (resource: string) => stack.formatArn({ service: 'glue', region, account, resource });
  const inCatalog = name === undefined ? '' : `${iamLiteral(name)}/`;
  role.addToPrincipalPolicy(new iam.PolicyStatement({
    actions: [...READING, ...(canWrite ? WRITING : [])],
    resources: [
      arn('catalog'),
      ...(name === undefined ? [] : [arn(`catalog/${iamLiteral(name)}`)]),
      ...(databases?.map(iamLiteral) ?? ['*']).flatMap((database) => [arn(`database/${inCatalog}${database}`), arn(`table/${inCatalog}${database}/*`)]),
    ],
  }));
}
