import { Annotations, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';

/** CDK's class of roles that do not accept statements. CDK does not export it. */
const IMMUTABLE_ROLE = 'aws-cdk-lib.aws-iam.ImmutableRole';

/**
 * Runs `grant`, and adds a warning to `scope` with the statements that the role does not accept.
 *
 * A grant to an immutable role succeeds and writes nothing, and CDK does not say so.
 */
export function warnOfMissingStatements<T>(scope: IConstruct, role: iam.IRole, grant: () => T): T {
  if ((role.constructor as { PROPERTY_INJECTION_ID?: string }).PROPERTY_INJECTION_ID !== IMMUTABLE_ROLE) return grant();
  const missing = new Set<string>();
  // Every grant of a step ends up here.
  const add = role.addToPrincipalPolicy;
  role.addToPrincipalPolicy = (statement) => {
    missing.add(readable(Stack.of(scope).resolve(statement.toStatementJson())));
    return add.call(role, statement);
  };
  const granted = grant();
  role.addToPrincipalPolicy = add;
  if (missing.size > 0) {
    Annotations.of(scope).addWarningV2('cdk-duckdb-lambda:immutableRole', `the role ${role.node.path} is immutable, so CDK leaves out the statements that `
      + `the bootstrap steps of ${scope.node.path} need; add them to its policy: [${[...missing].join(',')}]`);
  }
  return granted;
}

/** JSON in which CloudFormation's functions are written as for `Fn::Sub`. */
function readable(resolved: unknown): string {
  return JSON.stringify(resolved, (_, value) => substituted(value) ?? value);
}

function substituted(value: any): string | undefined {
  if (typeof value === 'string') return value;
  if (value?.Ref) return `\${${value.Ref}}`;
  if (value?.['Fn::GetAtt']) return `\${${value['Fn::GetAtt'].join('.')}}`;
  if (value?.['Fn::Join']?.[0] === '') return value['Fn::Join'][1].map(substituted).join('');
  return undefined;
}
