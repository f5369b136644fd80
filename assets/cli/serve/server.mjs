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

const { http = {}, timeoutSeconds } = JSON.parse(process.env.DUCKDB_LAMBDA_CONFIG || '{}');
const streams = http.streaming === true || mode === 'stream';

// What AWS's runtime has. A streaming handler then writes to the response itself.
globalThis.awslambda = {
  streamifyResponse: (handler) => handler,
  HttpResponseStream: { from: (response, { statusCode, headers }) => response.writeHead(statusCode, headers) },
};

const handler = queryHandler({ queries: resolve(folder), http: { ...http, streaming: streams } });

const server = createServer((request, response) => inRequest(async () => {
  logRequest(request, response);
  try {
    await answer(request, response);
  } catch (error) {
    // A reader that leaves ends the query, which is not worth a line.
    if (error.code !== 'ABORTED') console.error(error.message);
    response.destroy();
  }
}));

server.on('error', (error) => {
  process.stderr.write(`cdk-duckdb-lambda: cannot listen on the port ${port}: ${error.message}; choose another with --port\n`);
  process.exitCode = 1;
});
server.listen(Number(port), '127.0.0.1', () => console.log(`the queries of ${folder}: http://localhost:${server.address().port}/`));

async function answer(request, response) {
  if (!LOCAL.test(request.headers.host ?? '')) return response.writeHead(403).end('expected the host localhost\n');
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
