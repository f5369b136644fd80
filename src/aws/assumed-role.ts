import * as iam from 'aws-cdk-lib/aws-iam';
import { warnOfMissingStatements } from './immutable-role';
import { IDuckDbHost } from '../duckdb-host';

/** Grants with the role that a step's requests are made with: the one that the step assumes, which the host may then assume, or the host's own. */
export function grantToRole(host: IDuckDbHost, assumeRole: iam.IRole | undefined, grant: (role: iam.IRole) => void): void {
  if (!assumeRole) return grant(host.executionRole!);
  warnOfMissingStatements(host, assumeRole, () => grant(assumeRole));
  iam.Grant.addToPrincipal({ grantee: host, actions: ['sts:AssumeRole'], resourceArns: [assumeRole.roleArn] });
  host.addRequiredEndpoint({ service: 'sts' });
}
