import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { DuckDbFunction, IcebergSource, IcebergStep, IcebergStepProps } from '../../../src';
import { ENTRY, runtimeConfig } from '../../duckdb-function/unbundled';

export const TABLE_BUCKET = 'arn:aws:s3tables:eu-west-1:111111111111:bucket/sales';

export interface Bound {
  readonly statements: any[];
  readonly step: any;
  readonly endpoints: any[];
}

/** What a function with an Iceberg step gets: the statements of its role, the configuration of the step, and the services that it calls. */
export function bound(stack: Stack, source: IcebergSource, props: Partial<IcebergStepProps> = {}): Bound {
  const fn = new DuckDbFunction(stack, 'Reports', { entry: ENTRY, bootstrap: [new IcebergStep({ source, ...props })] });
  const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
  const config = runtimeConfig(stack);
  expect(config.extensions).toEqual(['avro', 'httpfs', 'iceberg']);
  return { statements: policy?.Properties.PolicyDocument.Statement ?? [], step: config.steps[0], endpoints: fn.requiredEndpoints };
}
