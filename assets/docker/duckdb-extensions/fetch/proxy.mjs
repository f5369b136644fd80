import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { basic } from './credentials.mjs';
import { keepSecret, withoutSecrets } from '../store/redaction.mjs';

/** The proxy for a URL, from the usual variables `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in upper or lower case. */
export function proxyFor(url, environment = process.env) {
  const variable = (name) => environment[name] || environment[name.toLowerCase()];
  const value = variable(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (!value || isExempt(url, variable('NO_PROXY') ?? '')) return undefined;
  const proxy = new URL(value.includes('://') ? value : `http://${value}`);
  keepSecret(decodeURIComponent(proxy.password));
  return proxy;
}

function isExempt(url, list) {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list.split(',').map((item) => item.trim().toLowerCase()).filter(Boolean).some((item) => {
    const [, name, onlyPort] = /^(.*?)(?::(\d+))?$/.exec(item);
    if (onlyPort && onlyPort !== port) return false;
    const domain = name.replace(/^\*?\./, '');
    return name === '*' || url.hostname === domain || url.hostname.endsWith(`.${domain}`);
  });
}

export function proxyAuthorization({ username, password }) {
  return username ? { 'proxy-authorization': basic(decodeURIComponent(username), decodeURIComponent(password)) } : {};
}

/** A socket to the URL's host through an HTTP proxy, with CONNECT. */
export async function tunnel(proxy, url, { signal, ca }) {
  const target = `${url.hostname}:${url.port || 443}`;
  const request = (proxy.protocol === 'https:' ? https : http).request({
    hostname: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || undefined,
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...proxyAuthorization(proxy) },
    agent: false,
    signal,
    ca,
  });
  request.end();
  const [response, socket] = await once(request, 'connect', { signal });
  if (response.statusCode !== 200) {
    socket.destroy();
    throw new Error(`the proxy ${withoutSecrets(proxy)} answered ${response.statusCode} to CONNECT ${target}`);
  }
  return socket;
}
