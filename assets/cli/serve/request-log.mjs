import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';

/** The numbers of rows of the running requests. */
const requests = new AsyncLocalStorage();


subscribe('tracing:cdk-duckdb-lambda:query:asyncEnd', ({ operation, rows }) => {
  const request = requests.getStore();
  if (request === undefined) return;
  // The runtime reads the rows of an answer with FROM. Nothing tells those of a file.
  if (operation === 'FROM') request.rows = rows;
  if (operation === 'COPY') request.rows = undefined;
});

/** Does the work of one request. */
export function inRequest(work) {
  return requests.run({ rows: undefined }, work);
}

/** Prints a line when the response has ended: the request, its status, milliseconds, rows and bytes. */
export function logRequest({ method, url }, response) {
  const request = requests.getStore();
  const started = performance.now();
  let bytes = 0;
  for (const name of ['write', 'end']) {
    const original = response[name].bind(response);
    response[name] = (chunk, ...rest) => {
      if (typeof chunk === 'string' || chunk instanceof Uint8Array) bytes += Buffer.byteLength(chunk);
      return original(chunk, ...rest);
    };
  }
  response.once('close', () => {
    const end = response.writableFinished ? String(response.statusCode) : 'left by its reader';
    const rows = request.rows === undefined ? '' : `, ${request.rows} rows`;
    console.log(`${method} ${url} ${end}: ${Math.round(performance.now() - started)} ms${rows}, ${bytes} bytes`);
  });
}
