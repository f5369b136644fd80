/** The program behind `serve`: server.mjs FOLDER PORT stream|buffer [PROPERTY=VALUE]... */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { functionUrlEvent } from './function-url-event.mjs';
import { inRequest, logRequest } from './request-log.mjs';
import { queryHandler } from '../../../runtime/index.mjs';

const [folder, port, mode, ...caller] = process.argv.slice(2);
const PAGE = readFileSync(new URL('page.html', import.meta.url));
/** Other names may be those of a page of somebody else, whose name server leads to this machine. */
const LOCAL = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;
const SAFE = ['GET', 'HEAD', 'OPTIONS'];

const { http = {}, timeoutSeconds } = JSON.parse(process.env.DUCKDB_LAMBDA_CONFIG || '{}');
const streams = http.streaming === true || mode === 'stream';

// What AWS's runtime has. A streaming handler then writes to the response itself.
globalThis.awslambda = {
  streamifyResponse: (handler) => handler,
  HttpResponseStream: { from: (response, { statusCode, headers }) => response.writeHead(statusCode, headers) },
};

const handler = made();

const server = createServer((request, response) => inRequest(async () => {
  logRequest(request, response);
  try {
    await answer(request, response);
  } catch (error) {
    // A reader that leaves ends the query, which is not worth a line.
    if (error.code === 'ABORTED') response.destroy();
    else fail(response, error);
  }
}));

server.on('error', (error) => end(`cannot listen on the port ${port}: ${error.message}; choose another with --port`));
server.listen(Number(port), '127.0.0.1', () => console.log(`the queries of ${folder}: http://localhost:${server.address().port}/`));

function made() {
  try {
    return queryHandler({ queries: resolve(folder), http: { ...http, streaming: streams } });
  } catch (error) {
    return end(error.message);
  }
}

function end(message) {
  process.stderr.write(`cdk-duckdb-lambda: ${message}\n`);
  process.exit(1);
}

/** A response that has begun ends, as it does in Lambda: what it has told of the error must arrive. */
function fail(response, { message }) {
  console.error(message);
  if (response.headersSent) response.end();
  else response.destroy();
}

/** Whether a page of somebody else asks. Browsers send a POST without asking first, and hide only its answer from the page. */
function isForeign({ method, headers: { origin, 'sec-fetch-site': site } }) {
  if (SAFE.includes(method)) return false;
  if (origin === undefined) return site === 'cross-site';
  return !LOCAL.test(origin.replace(/^https?:\/\//, '')) && !http.cors?.allowedOrigins.includes(origin);
}

async function answer(request, response) {
  if (!LOCAL.test(request.headers.host ?? '')) return response.writeHead(403).end('expected the host localhost\n');
  if (isForeign(request)) return response.writeHead(403).end('expected a page of localhost, or of an origin that http.cors names\n');
  if (request.method === 'GET' && request.url === '/') return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE);
  const event = await functionUrlEvent(request, caller);
  const context = { awsRequestId: event.requestContext.requestId, getRemainingTimeInMillis: timeLeft() };
  if (streams) return handler(event, response, context);
  const { statusCode, headers, body, isBase64Encoded } = await handler(event, context);
  return response.writeHead(statusCode, headers).end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));
}

/** The function's timeout, if a stack has declared it. */
function timeLeft() {
  if (timeoutSeconds === undefined) return undefined;
  const end = Date.now() + timeoutSeconds * 1000;
  return () => end - Date.now();
}
