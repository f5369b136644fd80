// Stands in for the native HTTP client of AWS's runtime interface client, which is not published for all platforms.
// The loader, errors and console around it are AWS's own. `done` and `error` are not awaited there: `next` waits for them.
const http = require('node:http');

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let posted = Promise.resolve();

function request(method, path, body, headers) {
  return new Promise((resolve, reject) => {
    const call = http.request({ hostname, port, path: `/2018-06-01/runtime/${path}`, method, agent, headers }, (response) => {
      let bodyJson = '';
      response.setEncoding('utf8')
        .on('data', (text) => { bodyJson += text; })
        .on('end', () => resolve({ bodyJson, headers: response.headers }));
    });
    call.on('error', reject).end(body);
  });
}

function post(path, body, headers = {}) {
  posted = request('POST', path, body, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers });
}

exports.initializeClient = () => {};

exports.next = async () => {
  await posted;
  return request('GET', 'invocation/next');
};

exports.done = (id, body) => post(`invocation/${id}/response`, body);

exports.error = (id, body, xrayCause) => post(`invocation/${id}/error`, body, {
  'Lambda-Runtime-Function-Error-Type': 'Unhandled',
  // A header holds no characters beyond Latin-1, which the native client sends as UTF-8; escapes of JSON mean the same.
  'Lambda-Runtime-Function-XRay-Error-Cause': xrayCause.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
});
