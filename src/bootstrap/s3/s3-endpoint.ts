import { Token } from 'aws-cdk-lib';
import { shown } from '../../checks/expect';
import { holdsCredentials } from '../../checks/url-credentials';

/** Refuses a value that is not the URL of a server, or that would show credentials in the template. `at` begins the error. */
export function checkEndpoint(endpoint: string | undefined, at: string): void {
  if (endpoint === undefined) return;
  const expected = 'expected a URL such as "https://s3.example.com"';
  if (typeof endpoint === 'string' && holdsCredentials(endpoint)) {
    throw new Error(`${at} has an endpoint with credentials, which the template would show: ${expected}; `
      + 'requests are signed with the credentials of the function\'s role, or of assumeRole');
  }
  if (Token.isUnresolved(endpoint)) return;
  const url = typeof endpoint === 'string' && /^https?:\/\/[^/?#\s]+\/?$/.test(endpoint) && URL.canParse(endpoint);
  if (!url) throw new Error(`${at} has the endpoint ${shown(endpoint)}: ${expected}, with a scheme and without a path`);
}

/** The port of a checked URL. */
export function portOf(endpoint: string): number {
  const { port, protocol } = new URL(endpoint);
  return Number(port || (protocol === 'https:' ? 443 : 80));
}

/** The host of a checked URL; an IPv6 address without its brackets. */
export function hostOf(endpoint: string): string {
  return new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
}
