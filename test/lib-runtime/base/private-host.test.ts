import { hasPrivateHost } from '../../../lib-runtime/base/private-host';

test.each(['10.1.2.3', '172.31.0.1', '192.168.1.1', '100.64.0.1', '127.0.0.1', '169.254.1.1', '[::1]', '[fd00::1]', 'localhost', 'catalog.lakes.internal', 'a.local'])(
  '%s is not on the internet', (host) => expect(hasPrivateHost(new URL(`http://${host}:8181/`))).toBe(true));

test.each(['8.8.8.8', '172.32.0.1', '[2001:4860::1]', 'example.com', 'internal.example.com', '10.0.0.5.example.com'])(
  '%s may be', (host) => expect(hasPrivateHost(new URL(`http://${host}/`))).toBe(false));
