/** A URL's user and password; a password may hold a slash that should have been escaped. */
const USER_INFO = /([a-z][a-z0-9+.-]*):\/\/(?:([^\s/?#]*)@|[^\s/?#:]*:(?!\d+\/)[^\s@]*@)/gi;

/**
 * Whether text holds a URL with credentials.
 *
 * What stands in a template or an asset manifest can be read by many. The user of ssh alone, as in `ssh://git@example.com`, is no secret.
 */
export function holdsCredentials(text: string): boolean {
  return [...text.matchAll(USER_INFO)].some(([, scheme, userInfo]) => !(/ssh$/i.test(scheme) && userInfo !== undefined && !userInfo.includes(':')));
}
