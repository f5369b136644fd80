import { IResource, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/** The region of a resource, where it is known to be another than the scope's. */
export function otherRegion(resource: IResource, scope: IConstruct): string | undefined {
  const { region } = resource.env;
  return Token.compareStrings(region, Stack.of(scope).region) === TokenComparison.DIFFERENT ? region : undefined;
}
