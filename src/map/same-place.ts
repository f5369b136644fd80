import { IResource, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { otherRegion } from '../aws/other-region';

/** Refuses what is known to be in another region than the map, whose machine reaches only its own. */
export function expectSameRegion(resource: IResource, map: IConstruct, what: string): void {
  const region = otherRegion(resource.env.region, map);
  if (region === undefined) return;
  throw new Error(`${what} is in ${region}, and the map ${map.node.path} in ${Stack.of(map).region}: expected the same region, because Step Functions reaches only its own; `
    + 'declare both there');
}

/** The account of a resource, if it is known to be another than the map's. */
export function otherAccount({ env: { account } }: IResource, map: IConstruct): string | undefined {
  return Token.compareStrings(account, Stack.of(map).account) === TokenComparison.DIFFERENT ? account : undefined;
}
