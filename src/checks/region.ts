import { Token } from 'aws-cdk-lib';
import { expectText, shown } from './expect';

/** Also allows the regions of other providers than AWS, such as `auto`. */
const REGION = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const AVAILABILITY_ZONE = /^([a-z]+(?:-[a-z]+)+-\d+)[a-z]$/;

/** Refuses text that does not have the form of a region. It does not know which regions exist. */
export function expectRegion(region: unknown, what: string): void {
  expectText(region, what, 'eu-west-1');
  const text = region as string;
  if (Token.isUnresolved(text)) return;
  const [, zoneOf] = AVAILABILITY_ZONE.exec(text) ?? [];
  if (zoneOf === undefined && REGION.test(text)) return;
  throw new Error(`${what} ${shown(text)}: expected a region's code such as "${zoneOf ?? 'eu-west-1'}"${zoneOf === undefined ? '' : ', without the letter of an availability zone'}`);
}
