// The floor: a reader that knows beforehand which files and which of their bytes a query needs, and sends each request as early as the answer
// before it allows: HEAD, then the footer, then all column chunks at once; or the list, then all footers, then the chunks of each. What DuckDB
// would compute from the bytes it does not compute.
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';

export async function open({ s3, connections }) {
  // What waits for a connection is sent in the order in which it could be.
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ca: readFileSync(s3.caFile), scheduling: 'fifo' });
  const ask = asker(s3, agent);
  await warmUp(s3);
  const range = (key, [start, end]) => ask('GET', `/${key}`, '', { range: `bytes=${start}-${end}` });

  async function read({ key, head, footer, chunks }) {
    if (head) await ask('HEAD', `/${key}`);
    if (footer) await range(key, footer);
    await Promise.all(chunks.map((chunk) => range(key, chunk)));
  }

  async function list({ bucket, prefix }) {
    for (let token; token !== null;) {
      const parameters = [...token === undefined ? [] : [['continuation-token', token]], ['list-type', '2'], ['prefix', prefix]];
      const page = await ask('GET', `/${bucket}/`, parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&'));
      token = /<NextContinuationToken>([^<]*)</.exec(page)?.[1] ?? null;
    }
  }

  return {
    async run({ lists, files, puts, knowsFooters }) {
      const listed = Promise.all(lists.map(list));
      if (!knowsFooters) await listed;
      const known = ({ head, ...file }) => (head ? [{ key: file.key, head, chunks: [] }, file] : [file]);
      await Promise.all([
        listed,
        ...(knowsFooters ? files.flatMap(known) : files).map(read),
        ...puts.map(({ key, bytes }) => ask('PUT', `/${key}`, '', {}, Buffer.alloc(bytes))),
      ]);
    },
  };
}

/** As compiled as DuckDB's own code is when a query comes; the connections are closed. */
async function warmUp(s3) {
  const agent = new Agent({ ca: readFileSync(s3.caFile) });
  const ask = asker(s3, agent);
  for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 10 }, () => ask('GET', '/', '').catch(() => undefined)));
  agent.destroy();
}

/** Sends signed requests; resolves with the body, as text, when all of it has come. */
function asker({ endpoint, region, accessKeyId, secretAccessKey }, agent) {
  const { host, hostname, port } = new URL(endpoint);
  let key;
  return (method, path, query = '', more = {}, body = undefined) => {
    const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
    const scope = [time.slice(0, 8), region, 's3', 'aws4_request'];
    key ??= scope.reduce(hmac, `AWS4${secretAccessKey}`);
    const signed = { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', 'x-amz-date': time };
    const names = Object.keys(signed).join(';');
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    const canonical = [method, encoded, query, ...Object.entries(signed).map(([name, value]) => `${name}:${value}`), '', names, 'UNSIGNED-PAYLOAD'].join('\n');
    const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope.join('/'), createHash('sha256').update(canonical).digest('hex')].join('\n')).toString('hex');
    const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.join('/')}, SignedHeaders=${names}, Signature=${signature}`;
    return new Promise((resolve, reject) => {
      request({ method, hostname, port, path: query ? `${encoded}?${query}` : encoded, agent, headers: { ...signed, ...more, authorization } }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part)).on('error', reject).on('end', () => {
          if (answer.statusCode < 300) resolve(Buffer.concat(parts).toString('latin1'));
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${Buffer.concat(parts)}`));
        });
      }).on('error', reject).end(body);
    });
  };
}

function hmac(key, text) {
  return createHmac('sha256', key).update(text).digest();
}
