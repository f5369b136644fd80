import { BlockList, isIPv4, isIPv6 } from 'net';
import { Annotations } from 'aws-cdk-lib';
import { IDuckDbHost } from '../duckdb-host';

/** Addresses that the internet does not route: RFC 1918, RFC 6598, loopback, link-local, unique local. */
const PRIVATE = new BlockList();
for (const [network, bits] of [['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16]] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [['fc00::', 7], ['fe80::', 10], ['::1', 128]] as const) PRIVATE.addSubnet(network, bits, 'ipv6');

/** Names that public DNS does not have. */
const PRIVATE_NAME = /(?:^|\.)(?:localhost|internal|local)\.?$/i;

/** Warns if a function outside a VPC needs a host that only a private network has. `what` begins the warning. */
export function warnOfPrivateHost(host: IDuckDbHost, name: string, what: string): void {
  if (host.isInVpc || !isPrivateHost(name)) return;
  Annotations.of(host).addWarningV2('cdk-duckdb-lambda:privateHost', `${what} reaches ${name}, which is not on the internet, but ${host.node.path} is not in a VPC: `
    + 'give it a VPC with a route to the host, as in vpc: db.vpc');
}

/** Whether a host is known to be unreachable from the internet. */
export function isPrivateHost(host: string): boolean {
  if (isIPv4(host)) return PRIVATE.check(host, 'ipv4');
  return isIPv6(host) ? PRIVATE.check(host, 'ipv6') : PRIVATE_NAME.test(host);
}
