import { Annotations, Aspects, Stack, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';
import { expectDuration, expectFlags, expectOptions, expectTexts, PropNames, shown } from '../checks/expect';
import { DuckDbHttpCors, DuckDbHttpOptions } from '../duckdb-http-options';
import { CheckedQueries } from './checked-queries';
import { HttpConfig } from '../runtime/runtime-config';

const OPTIONS: PropNames<DuckDbHttpOptions> = { cors: true, streaming: true };
const CORS: PropNames<DuckDbHttpCors> = { allowedOrigins: true, allowCredentials: true, allowedHeaders: true, exposedHeaders: true, maxAge: true };
const HEADER = /^[\w!#$%&'*+.^`|~-]+$/;

/** The configuration of what `http` declares. Throws for options with which no browser could read an answer. */
export function httpConfig(http: DuckDbHttpOptions, at: string): HttpConfig {
  expectOptions(http, `the prop http of ${at}`, OPTIONS);
  const { cors, streaming } = http;
  expectFlags({ streaming }, `the prop http of ${at}`);
  return { ...(streaming && { streaming }), ...(cors !== undefined && { cors: corsConfig(cors, `the prop http.cors of ${at}`) }) };
}

function corsConfig(cors: DuckDbHttpCors, what: string): HttpConfig['cors'] {
  expectOptions(cors, what, CORS);
  const { allowedOrigins, allowCredentials, allowedHeaders, exposedHeaders, maxAge } = cors;
  expectTexts(allowedOrigins, `${what} has the allowedOrigins`, 'https://example.com');
  if (allowedOrigins.length === 0) throw new Error(`${what} has no allowedOrigins: name the pages that may read answers, such as "https://example.com"`);
  const wrong = allowedOrigins.find((origin) => !Token.isUnresolved(origin) && !isOrigin(origin));
  if (wrong !== undefined) {
    throw new Error(`${what} has the origin ${shown(wrong)}: expected a scheme and a host as browsers send them, in lower case, without a path, a default port or a wildcard, `
      + 'such as "https://example.com"');
  }
  expectFlags({ allowCredentials }, what);
  if (allowCredentials && allowedOrigins.includes('*')) {
    throw new Error(`${what} has allowCredentials with the origin "*", which browsers refuse: name the origins, such as "https://example.com"`);
  }
  for (const [prop, headers] of Object.entries({ allowedHeaders, exposedHeaders })) {
    if (headers === undefined) continue;
    expectTexts(headers, `${what} has the ${prop}`, 'content-type');
    const other = headers.find((header) => !Token.isUnresolved(header) && !HEADER.test(header));
    if (other !== undefined) throw new Error(`${what} has ${shown(other)} among the ${prop}: expected the name of a header such as "content-type"`);
  }
  expectDuration(maxAge, `${what} has the maxAge`);
  return {
    allowedOrigins,
    ...(allowCredentials && { allowCredentials }),
    ...(allowedHeaders && { allowedHeaders }),
    ...(exposedHeaders && { exposedHeaders }),
    ...(maxAge && { maxAgeSeconds: maxAge.toSeconds() }),
  };
}

/** Refuses a query whose rows nobody could ask for as JSON. */
export function refuseHiddenQuery(folder: string, { queries }: CheckedQueries, at: string): void {
  const hidden = queries.find(({ name }) => name === 'openapi');
  if (hidden === undefined) return;
  throw new Error(`the queries of ${at} have an error:\n${folder}/${hidden.file}: received the name "openapi", but GET /openapi.json is the description of the API, `
    + 'and not rows: rename the file');
}

/** Whether a browser can send it, as the runtime checks it too. `null` is a page without an origin. */
function isOrigin(value: string): boolean {
  if (value === '*' || value === 'null') return true;
  if (value.includes('*') || !URL.canParse(value)) return false;
  const { protocol, host, origin } = new URL(value);
  // Only of schemes that all browsers know does a URL have an origin.
  return host !== '' && value === (origin === 'null' ? `${protocol}//${host}` : origin);
}

/** Warns of function URLs that do not go together with `http`, wherever in the stack they are declared. */
export function warnOfFunctionUrls(fn: lambda.IFunction, { streaming = false, cors }: DuckDbHttpOptions): void {
  const stack = Stack.of(fn);
  const arn = JSON.stringify(stack.resolve(fn.functionArn));
  Aspects.of(stack).add({
    visit(node: IConstruct) {
      if (!isFunctionUrl(node) || JSON.stringify(stack.resolve(node.targetFunctionArn)) !== arn) return;
      const warn = (id: string, message: string) => Annotations.of(node).addWarningV2(`cdk-duckdb-lambda:${id}`, message);
      const streams = node.invokeMode === lambda.InvokeMode.RESPONSE_STREAM;
      if (streams !== streaming) {
        warn('invokeMode', `this function URL ${streams ? 'streams' : 'does not stream'}, and ${fn.node.path} ${streaming ? 'does' : 'does not'}, so clients cannot read its answers: `
          + (streams ? 'set http: { streaming: true } of the function, or leave out the invoke mode' : 'add invokeMode: InvokeMode.RESPONSE_STREAM, or set http.streaming to false'));
      }
      if (cors !== undefined && node.cors !== undefined) {
        warn('cors', `this function URL and ${fn.node.path} have CORS settings, and browsers refuse an answer with the headers of both: remove the cors of one of them`);
      }
    },
  });
}

/** `instanceof` would not do: a project may have two copies of the class. */
function isFunctionUrl(node: IConstruct): node is lambda.CfnUrl {
  return (node as Partial<lambda.CfnUrl>).cfnResourceType === lambda.CfnUrl.CFN_RESOURCE_TYPE_NAME;
}
