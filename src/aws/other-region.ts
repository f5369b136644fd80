import { Stack, Token, TokenComparison } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/** The region, where it is known to be another than the scope's. */
export function otherRegion(region: string, scope: IConstruct): string | undefined {
  return Token.compareStrings(region, Stack.of(scope).region) === TokenComparison.DIFFERENT ? region : undefined;
}
