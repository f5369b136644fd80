import { Annotations, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IDuckDbHost } from '../../duckdb-host';
import { LakeLocation } from '../lake-location';

const DELETING = ['s3:DeleteObject', 's3:DeleteObject*', 's3:Delete*', 's3:*', '*'];

/**
 * Warns at synthesis if a role that writes to a lake may also delete there, by whatever grants it: an `S3Step`, a shared role, or the bucket's own
 * `grantDelete` and `grantReadWrite`. `at` begins the warning.
 */
export function warnOfDeletion(host: IDuckDbHost, role: iam.IRole, { bucket, prefix }: LakeLocation, at: string): void {
  const stack = Stack.of(host);
  const text = (arn: unknown) => [stack.resolve(arn)].flat().map(textOf);
  host.node.addValidation({
    validate: () => {
      const [objects] = text(bucket.arnForObjects(`${prefix}*`));
      const isDeleting = statementsOf(role, stack).some(({ Effect, Action, Resource }) => (
        Effect === 'Allow' && [Action].flat().some((action) => DELETING.includes(action)) && text(Resource).some((resource) => overlap(resource, objects))
      ));
      if (isDeleting) {
        Annotations.of(host).addWarningV2('cdk-duckdb-lambda:lakeDeletion', `${at} has LakeAccess.WRITE, but its role may also delete below "${prefix}": `
          + 'DuckLake then deletes the files of a commit whose answer was lost, although the catalog may name them; '
          + 'give what deletes another role, or limit its prefixes');
      }
      return [];
    },
  });
}

/** The statements of the policies that CDK makes for a role. */
function statementsOf(role: iam.IRole, stack: Stack): any[] {
  const policies = role.node.findAll().filter((each) => each instanceof iam.Policy || each instanceof iam.ManagedPolicy);
  return policies.flatMap((policy) => stack.resolve(policy.document)?.Statement ?? []);
}

/** An ARN with its intrinsic functions as JSON. */
function textOf(arn: unknown): string {
  if (typeof arn === 'string') return arn;
  const [delimiter, parts] = (arn as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'] ?? [];
  return parts === undefined ? JSON.stringify(arn) : parts.map(textOf).join(delimiter);
}

/** Whether some object is in both patterns, as far as what is before their first `*` shows it. */
function overlap(one: string, other: string): boolean {
  const [before, beforeOther] = [one, other].map((pattern) => pattern.split('*', 1)[0]);
  return before.startsWith(beforeOther) || (one.includes('*') && beforeOther.startsWith(before));
}
