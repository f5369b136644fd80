import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';

/** The event that a function URL would make of a request. `caller` has the properties of the caller, as in `authorizer.claims.tenant=acme`. */
export async function functionUrlEvent(request, caller) {
  const [path, query = ''] = splitOnce(request.url, '?');
  return {
    version: '2.0',
    rawPath: path,
    rawQueryString: query,
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    requestContext: {
      domainName: 'local.lambda-url.local',
      http: { method: request.method, path, protocol: `HTTP/${request.httpVersion}`, sourceIp: request.socket.remoteAddress },
      requestId: randomUUID(),
      stage: '$default',
      authorizer: authorizer(caller),
    },
    body: (await buffer(request)).toString('base64'),
    isBase64Encoded: true,
  };
}

/** Each kind of property where the events of AWS have it. */
function authorizer(caller) {
  const of = (kind) => Object.fromEntries(caller.map((text) => splitOnce(text, '='))
    .filter(([property]) => property.startsWith(`authorizer.${kind}.`))
    .map(([property, value]) => [property.slice(`authorizer.${kind}.`.length), value]));
  return { jwt: { claims: of('claims') }, iam: of('iam'), lambda: of('lambda') };
}

function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
