/** A URL's user and password. A password may contain a slash that should have been escaped. */
const USER_INFO = /([a-z][a-z0-9+.-]*):\/\/(?:([^\s/?#]*)@|[^\s/?#:]*:(?!\d+\/)[^\s@]*@)/gi;

/**
 * Whether text contains a URL with credentials.
 *
 * Many people can read a template or an asset manifest. A user of ssh without a password, as in `ssh://git@example.com`, is not a secret.
 */
export function holdsCredentials(text: string): boolean {
  return [...text.matchAll(USER_INFO)].some(([, scheme, userInfo]) => !(/ssh$/i.test(scheme) && userInfo !== undefined && !userInfo.includes(':')));
}
