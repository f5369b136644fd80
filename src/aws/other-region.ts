import { Stack, Token, TokenComparison } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/** The region, if it is known to differ from the scope's. */
export function otherRegion(region: string, scope: IConstruct): string | undefined {
  return Token.compareStrings(region, Stack.of(scope).region) === TokenComparison.DIFFERENT ? region : undefined;
}
