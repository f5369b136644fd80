import { Stack, StackProps } from 'aws-cdk-lib';
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { DuckDbQueryFunction, S3Step } from 'cdk-duckdb-lambda';

export interface TenantsStackProps extends StackProps {
  /** The name of the bucket that holds `tenants/TENANT/orders/*.parquet`. */
  readonly lake: string;
  /** The tenants: lower-case letters, digits and `-`. */
  readonly tenants: string[];
  /** Who issues the tokens, whose claim `tenant` only the issuer sets. */
  readonly issuer: string;
  readonly audience: string;
}

/**
 * The same queries for several tenants, as `GET /TENANT/monthly-sales`.
 *
 * Two locks are between them: the caller's token, and not the caller, says whose files a query reads; and each tenant's function may read only its own.
 */
export class TenantsStack extends Stack {
  constructor(scope: Construct, id: string, props: TenantsStackProps) {
    super(scope, id, props);
    const lake = Bucket.fromBucketName(this, 'Lake', props.lake);
    const api = new HttpApi(this, 'Api', {
      defaultAuthorizer: new HttpJwtAuthorizer('Jwt', props.issuer, { jwtAudience: [props.audience] }),
    });
    for (const tenant of props.tenants) {
      const queries = new DuckDbQueryFunction(this, `Tenant-${tenant}`, {
        queries: `${__dirname}/queries`,
        bootstrap: [new S3Step({ buckets: [lake], prefixes: [`tenants/${tenant}/`] })],
        http: {},
      });
      api.addRoutes({ path: `/${tenant}/{proxy+}`, methods: [HttpMethod.GET], integration: new HttpLambdaIntegration(`Tenant-${tenant}`, queries) });
    }
  }
}
