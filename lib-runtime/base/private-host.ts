import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Addresses that the internet does not route: RFC 1918, RFC 6598, loopback, link-local, unique local. */
const PRIVATE = new BlockList();
for (const [network, bits] of [['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['100.64.0.0', 10], ['127.0.0.0', 8], ['169.254.0.0', 16]] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [['fc00::', 7], ['fe80::', 10], ['::1', 128]] as const) PRIVATE.addSubnet(network, bits, 'ipv6');

/** Names that public DNS does not have. */
const PRIVATE_NAME = /(?:^|\.)(?:localhost|internal|local)\.?$/i;

/** Whether the host of a URL is known to be unreachable from the internet. */
export function hasPrivateHost({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIPv4(host)) return PRIVATE.check(host, 'ipv4');
  return isIPv6(host) ? PRIVATE.check(host, 'ipv6') : PRIVATE_NAME.test(host);
}
