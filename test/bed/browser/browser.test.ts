import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startBrowser, type Browser } from './browser';
import { isAlive, processIdentity } from '../process/process-identity';
import { runningComponents } from '../process/run-directory';
import { describeWith } from '../require';

describeWith('browser', 'the browser', () => {
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    server = createServer((request, response) => void response.setHeader('content-type', 'text/html').end(`<p>asked ${request.headers.host}</p>`));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await startBrowser({ hosts: { 'localhost:8000': (server.address() as AddressInfo).port, 'a.example:80': (server.address() as AddressInfo).port } });
  });
  afterAll(async () => {
    await browser?.stop();
    server.closeAllConnections();
    server.close();
  });

  test.each([['http://localhost:8000/', 'localhost:8000'], ['http://a.example/', 'a.example']])('shows %s from a server of this machine', async (url, host) => {
    const page = await browser.open(url);
    expect(await page.evaluate('document.querySelector("p").textContent')).toBe(`asked ${host}`);
  });

  test('waits for promises and for what becomes true, and says what fails', async () => {
    const page = await browser.open('http://a.example/');
    expect(await page.evaluate('new Promise((resolve) => setTimeout(resolve, 50, { later: [1] }))')).toEqual({ later: [1] });
    await page.evaluate('void setTimeout(() => document.body.append("more"), 100)');
    expect(await page.until('document.body.textContent.includes("more") && "now"')).toBe('now');
    await expect(page.evaluate('nothing.at.all')).rejects.toThrow('nothing.at.all: ReferenceError: nothing is not defined');
    await expect(browser.open('http://localhost:1/')).rejects.toThrow('cannot open http://localhost:1/: net::ERR_');
  });

  test('ends when it is stopped, and calls that wait end too', async () => {
    const own = () => runningComponents().filter(({ component, owner }) => component === 'browser' && owner === processIdentity(process.pid));
    const before = own();
    const other = await startBrowser();
    const page = await other.open('data:text/html,<p>hello</p>');
    const started = own().find(({ directory }) => !before.some((each) => each.directory === directory))!;
    const waiting = expect(page.evaluate('new Promise(() => undefined)')).rejects.toThrow('the browser has ended');
    await other.stop();
    await waiting;
    expect(isAlive(started.process!)).toBe(false);
    expect(own()).toEqual(before);
  });
});
