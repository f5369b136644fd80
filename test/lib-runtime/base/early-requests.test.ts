import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendEarlyRequests, noteSent, planEarlyRequests } from '../../../lib-runtime/base/early-requests';
import { runScript } from '../built-runtime';

test('planned requests are made once, and have departed when each was sent', async () => {
  let made = 0;
  const unanswered = () => {
    made += 1;
    return new Promise(() => undefined);
  };
  planEarlyRequests([unanswered, unanswered]);
  expect(made).toBe(0);
  let departed = false;
  const departure = sendEarlyRequests()!.then(() => departed = true);
  noteSent();
  await new Promise(setImmediate);
  expect([made, departed]).toEqual([2, false]);
  noteSent();
  await departure;
  expect(sendEarlyRequests()).toBeUndefined();
});

test('requests that fail before they are sent are not waited for', async () => {
  planEarlyRequests([() => Promise.reject(new Error('no credentials')), async () => 'cached']);
  await sendEarlyRequests();
});

describe('an eager start', () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer((_, response) => void response.end('{"Parameter":{"Value":"open sesame"}}'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('sends the request for a secret after it has begun to open DuckDB and before it evaluates the client\'s JavaScript, and loads no TLS for http', async () => {
    // DuckDB opens only after the request was sent: however fast one machine opens, evaluation has no other reason to wait.
    const script = `
      const events = [];
      const sent = new Promise((resolve) => {
        require('node:diagnostics_channel').subscribe('cdk-duckdb-lambda:request-sent', () => { events.push('sent'); resolve(); });
      });
      const Module = require('node:module');
      const { _load } = Module;
      Module._load = function (name, ...rest) {
        if (/node-api.lib.index/.test(name)) events.push('evaluated');
        const loaded = _load.call(this, name, ...rest);
        if (name === '@duckdb/node-bindings') {
          const open = async (...args) => { events.push('opening'); await sent; return loaded.open(...args); };
          return Object.create(loaded, { open: { value: open } });
        }
        return loaded;
      };
      require('cdk-duckdb-lambda/runtime').cursor({ bootstrap: [] }, (c) => c.query('SELECT 1')).then(() => {
        console.log([...events, ...process.moduleLoadList.filter((name) => / https$/.test(name))].join());
      });`;
    const { stdout, stderr } = await runScript(script, {
      format: 'commonjs',
      env: {
        AWS_LAMBDA_RUNTIME_API: '127.0.0.1:1',
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: 'key',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        DUCKDB_LAMBDA_CONFIG: JSON.stringify({
          version: 1,
          extensions: [],
          mode: 'eager',
          steps: [{ name: 'greeting', type: 'sql', config: { statements: ['SET VARIABLE greeting = $word'], secrets: { word: { ssm: '/word' } } } }],
        }),
      },
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^opening,sent,evaluated$/m);
  });
});
