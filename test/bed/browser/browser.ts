import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromiumProgram, installChromium } from './chromium';
import { DevTools } from './devtools';
import { newRunDirectory, recordProcess } from '../process/run-directory';

export interface BrowserOptions {
  /** Names with a port, and the ports of this machine that stand for them, as in `{ 'localhost:8000': 41234 }`. */
  readonly hosts?: Readonly<Record<string, number>>;
}

/** A headless Chromium. */
export interface Browser {
  /** Opens a page, and waits until it is loaded. */
  open(url: string): Promise<Page>;
  stop(): Promise<void>;
}

/** A page, as its reader sees it. */
export interface Page {
  /** The value of an expression in the page, which is waited for if it is a promise. It is passed on as JSON. */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until the value of an expression is truthy, and returns it. */
  until<T>(expression: string): Promise<T>;
}

const LIMIT_MS = 20_000;

/** Starts a browser, which ends when it is stopped, or when its pipes close with this process. */
export async function startBrowser({ hosts = {} }: BrowserOptions = {}): Promise<Browser> {
  await installChromium();
  const directory = newRunDirectory('browser');
  const rules = Object.entries(hosts).map(([name, port]) => `MAP ${name} 127.0.0.1:${port}`);
  const child = spawn(chromiumProgram()!, [
    '--headless', '--remote-debugging-pipe', `--user-data-dir=${directory}/profile`, `--host-resolver-rules=${rules.join(', ')}`,
    '--no-first-run', '--disable-gpu', '--disable-dev-shm-usage',
    // Chromium's sandbox does not work for root.
    ...process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  if (child.pid !== undefined) recordProcess(directory, child.pid);
  const ended = once(child, 'close');
  const devTools = new DevTools(child.stdio[3] as Writable, child.stdio[4] as Readable);
  return {
    open: async (url) => {
      const { targetId } = await devTools.call('Target.createTarget', { url: 'about:blank' });
      const { sessionId } = await devTools.call('Target.attachToTarget', { targetId, flatten: true });
      const { errorText } = await devTools.call('Page.navigate', { url }, sessionId);
      if (errorText) throw new Error(`cannot open ${url}: ${errorText}`);
      const page = pageOf((expression) => devTools.call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, sessionId));
      await page.until('document.readyState === "complete"');
      return page;
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      // Helpers of the browser write to its profile for some moments more.
      rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

function pageOf(run: (expression: string) => Promise<any>): Page {
  const evaluate = async (expression: string) => {
    const { result, exceptionDetails } = await run(expression);
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
    return result.value;
  };
  return {
    evaluate,
    until: async (expression) => {
      for (const deadline = Date.now() + LIMIT_MS; ;) {
        const value = await evaluate(expression);
        if (value) return value;
        if (Date.now() > deadline) throw new Error(`${expression} is ${value} after ${LIMIT_MS} ms in the page:\n${await evaluate('document.body.innerText')}`);
        await sleep(50);
      }
    },
  };
}
