import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http, { STATUS_CODES } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import { proxyAuthorization, proxyFor, tunnel } from './proxy.mjs';
import { withoutSecrets } from '../store/redaction.mjs';
import { DOCUMENT_BYTES, TooLargeError } from '../store/size-limits.mjs';

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;
const LONGEST_STALL_MS = 30_000;
const MOST_REDIRECTS = 5;
const PROGRESS_EVERY_MS = 5_000;

/** A request that failed. `status` is the answer's, if there was one. */
export class TransferError extends Error {
  constructor(message, { retryable = false, status, headers } = {}) {
    super(message);
    Object.assign(this, { retryable, status, headers });
  }
}

/**
 * GET and HEAD of whole bodies, with retries, a time limit, redirects, proxies and credentials.
 *
 * Uses node:http directly. `fetch` does not support proxies before Node.js 24 and would need a dependency.
 */
export class HttpClient {
  constructor({ credentials, caFile, timeoutMs, log }) {
    this.credentials = credentials;
    this.ca = caFile && [...tls.rootCertificates, ...[caFile, process.env.NODE_EXTRA_CA_CERTS].filter(Boolean).map((file) => readFileSync(file, 'utf8'))];
    this.timeoutMs = timeoutMs;
    // A quarter of the limit, so that a silent connection leaves time for another attempt.
    this.stallMs = Math.min(LONGEST_STALL_MS, timeoutMs / 4);
    this.log = log;
  }

  /** The answer, `{ url, headers, body }`, with status 2xx. Any other status is a TransferError, and a body of more than `maxBytes` a TooLargeError. */
  async request(url, { method = 'GET', headers = {}, maxBytes = DOCUMENT_BYTES } = {}) {
    const deadline = Date.now() + this.timeoutMs;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#follow(new URL(url), { method, headers, maxBytes }, deadline);
      } catch (error) {
        if (!error.retryable) throw error;
        const pause = FIRST_PAUSE_MS * 2 ** (attempt - 1);
        if (attempt === ATTEMPTS || Date.now() + pause >= deadline) {
          throw new TransferError(`${error.message} (tried ${attempt} times); check the address, the network and HTTPS_PROXY`, error);
        }
        this.log(`${withoutSecrets(url)} ${error.message}; trying again in ${pause / 1000} s`);
        await sleep(pause);
      }
    }
  }

  async #follow(url, { method, headers: given, maxBytes }, deadline) {
    let at = url;
    let sent = given;
    for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
      const { status, headers, body } = await this.#exchange(at, { method, headers: sent, maxBytes }, deadline);
      if (isSuccess(status)) return { url: at.href, headers, body };
      if (!isRedirect(status) || !headers.location) {
        throw new TransferError(`answered ${status} ${STATUS_CODES[status] ?? ''}`.trim(), {
          status, headers, retryable: status >= 500 || status === 429,
        });
      }
      const next = new URL(headers.location, at);
      if (at.protocol === 'https:' && next.protocol !== 'https:') {
        throw new TransferError(`redirects from https to ${withoutSecrets(next)}`);
      }
      // A token goes only to the host that it was made for.
      if (next.host !== at.host) sent = withoutAuthorization(sent);
      at = next;
    }
    throw new TransferError(`redirects more than ${MOST_REDIRECTS} times`);
  }

  async #exchange(url, options, deadline) {
    const abort = new AbortController();
    const stall = setTimeout(() => abort.abort(new TransferError(`sent nothing for ${this.stallMs / 1000} s`, { retryable: true })), this.stallMs);
    const limit = setTimeout(() => abort.abort(new TransferError(
      `took longer than the time limit of ${this.timeoutMs / 1000} s; raise it with --timeout`)), deadline - Date.now());
    try {
      const response = await this.#send(url, options, abort.signal);
      try {
        // The body of a redirect or an error is not read.
        const body = isSuccess(response.statusCode) ? await this.#read(url, response, options.maxBytes, () => stall.refresh()) : undefined;
        return { status: response.statusCode, headers: response.headers, body };
      } finally {
        response.destroy();
      }
    } catch (error) {
      throw abort.signal.aborted ? abort.signal.reason : explained(error);
    } finally {
      clearTimeout(stall);
      clearTimeout(limit);
    }
  }

  async #send(url, { method, headers }, signal) {
    const secure = url.protocol === 'https:';
    const proxy = proxyFor(url);
    const authorization = this.credentials.headerFor(url);
    const options = {
      method,
      signal,
      ca: this.ca,
      agent: false,
      headers: { 'user-agent': 'duckdb-extensions', ...(authorization && { authorization }), ...headers },
    };
    let request;
    if (!proxy) {
      request = (secure ? https : http).request(url, options);
    } else if (secure) {
      const socket = await tunnel(proxy, url, { signal, ca: this.ca });
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const createConnection = () => tls.connect({ socket, host, servername: isIP(host) ? undefined : host, ca: this.ca });
      request = https.request(url, { ...options, agent: undefined, createConnection });
    } else {
      request = (proxy.protocol === 'https:' ? https : http).request(proxy, {
        ...options, path: url.href, headers: { ...options.headers, host: url.host, ...proxyAuthorization(proxy) },
      });
    }
    request.end();
    const [response] = await once(request, 'response');
    // Later errors appear in the response. Without a listener, the request's own error event would end the process.
    request.on('error', () => {});
    return response;
  }

  async #read(url, response, maxBytes, onData) {
    const chunks = [];
    let received = 0;
    let reported = Date.now();
    const tooLarge = new TooLargeError('answered with', maxBytes);
    if (Number(response.headers['content-length']) > maxBytes) throw tooLarge;
    for await (const chunk of response) {
      onData();
      chunks.push(chunk);
      received += chunk.length;
      if (received > maxBytes) throw tooLarge;
      if (Date.now() - reported >= PROGRESS_EVERY_MS) {
        reported = Date.now();
        this.log(`${withoutSecrets(url)} ${megabytes(received)} of ${megabytes(response.headers['content-length'])} MB`);
      }
    }
    return Buffer.concat(chunks);
  }
}

function withoutAuthorization({ authorization, ...others }) {
  return others;
}

function isSuccess(status) {
  return status >= 200 && status < 300;
}

function isRedirect(status) {
  return [301, 302, 303, 307, 308].includes(status);
}

function megabytes(bytes) {
  return bytes === undefined ? '?' : (Number(bytes) / 1e6).toFixed(1);
}

/** Node.js's TLS errors carry an OpenSSL code. Unlike after a broken connection, trying again does not help. */
function explained(error) {
  if (error instanceof TransferError || error instanceof TooLargeError) return error;
  if (/CERT|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY/.test(error.code ?? '')) {
    const authority = '; for a proxy or mirror with its own certificate authority, pass its certificate with --ca FILE';
    return new TransferError(`has a TLS certificate that is not trusted (${error.code})${/SELF_SIGNED|UNABLE/.test(error.code) ? authority : ''}`);
  }
  const failure = error.errors?.[0] ?? error;
  return new TransferError(`could not be reached: ${failure.message || failure.code}`, { retryable: failure.code !== undefined });
}
