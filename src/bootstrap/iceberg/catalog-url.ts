import { Token } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { shown } from '../../checks/expect';
import { holdsCredentials } from '../../checks/url-credentials';
import { IDuckDbHost } from '../../duckdb-host';
import { isPrivateHost, warnOfPrivateHost } from '../private-host';
import { hostOf, portOf } from '../s3/s3-endpoint';

/** The URL of a server, with a path or without. */
const SERVER = /^https?:\/\/[^/?#\s]+(?:\/[^?#\s]*)?$/;

/** Refuses a value that is not the URL of a catalog or of a token server, or that would show credentials in the template. `what` begins the error. */
export function checkCatalogUrl(url: unknown, what: string, example: string): void {
  if (typeof url === 'string' && holdsCredentials(url)) {
    throw new Error(`${what} a URL with credentials, which the template would show: expected a URL such as "${example}"; credentials belong in IcebergAuth`);
  }
  if (Token.isUnresolved(url)) return;
  if (typeof url !== 'string' || !SERVER.test(url) || !URL.canParse(url)) {
    throw new Error(`${what} ${shown(url)}: expected a URL such as "${example}", with a scheme and without a query`);
  }
}

/**
 * Refuses a URL that would send a secret unencrypted over the internet. In a private network, the network may be what protects it.
 *
 * The runtime checks a URL that a deployment completes. Here it is enough that the scheme is known.
 */
export function checkEncryption(url: string, secret: string, what: string): void {
  const host = /^http:\/\/(\[[^\]]*\]|[^/:]*)/.exec(url)?.[1];
  if (host === undefined || (!Token.isUnresolved(host) && isPrivateHost(hostOf(`http://${host}`)))) return;
  throw new Error(`${what} ${shown(url)}, to which ${secret} would be sent unencrypted: use https; http is for hosts of a private network, such as 10.0.0.5`);
}

/** Opens the port of a URL, and warns if only a private network has its host. `what` begins the warning. */
export function allowToUrl(host: IDuckDbHost, url: string, description: string, what: string): void {
  if (Token.isUnresolved(url)) return;
  host.allowToAnyHost(ec2.Port.tcp(portOf(url)), description);
  warnOfPrivateHost(host, hostOf(url), what);
}
