/**
 * Writes JavaScript together with V8's compiled form, so that a starting process does not compile it.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * V8 accepts compiled code of its own version and flags. Otherwise it compiles the source. AWS's runtime may expose the garbage collector.
 *
 * The names sort rarely read files last: an image is fetched in chunks, in which the files of a directory lie side by side.
 */
const FLAGS = { 'cache': [], 'with-gc.cache': ['--expose-gc'] };
const MOST_ATTEMPTS = 8;

/** The text of a CommonJS module. It evaluates `NAME.code.js`, a single expression, and calls the result with `call`. */
export function loaderOf(name, call) {
  return `"use strict";
const { existsSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { Script } = require("node:vm");
const code = join(__dirname, "${codeOf(name)}");
const compiled = join(__dirname, typeof gc === "function" ? "${name}.with-gc.cache" : "${name}.cache");
const script = new Script(readFileSync(code, "latin1"), { filename: code, cachedData: existsSync(compiled) ? readFileSync(compiled) : undefined });
${call}
`;
}

/** The file with a loader's code. */
export function codeOf(name) {
  return `${name}.code.js`;
}

/** Text with one byte per character is read and compiled faster. */
export function inAscii(text) {
  return text.replace(/[^\x00-\x7f]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Writes the compiled form of `NAME.code.js` in `directory`. Returns the names of the files.
 *
 * `evaluate` is JavaScript that first uses `script`, so that functions that V8 compiles when they are called are included.
 */
export function compile(directory, name, evaluate, env = process.env) {
  // On a busy machine, timers fire and the next turn of the event loop begins before the end, and more functions are compiled. Here no timer
  // fires, and what waits for the next turn always runs.
  const source = `(async () => {
    globalThis.setInterval = globalThis.setTimeout = () => ({ unref() { return this; } });
    const { readFileSync, writeFileSync } = require('node:fs');
    const [code, compiled] = process.argv.slice(1);
    const script = new (require('node:vm').Script)(readFileSync(code, 'latin1'), { filename: code });
    ${evaluate}
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    writeFileSync(compiled, script.createCachedData());
  })()`;
  return Object.entries(FLAGS).map(([suffix, flags]) => {
    const compiled = `${name}.${suffix}`;
    const file = join(directory, compiled);
    untilTwiceTheSame(() => {
      execFileSync(process.execPath, ['--random-seed=1', ...flags, '--eval', source, join(directory, codeOf(name)), file],
        { env, stdio: ['ignore', 'ignore', 'inherit'] });
      return readFileSync(file, 'latin1');
    });
    return compiled;
  });
}

/** The same input must make the same image. With a fixed seed, V8 nearly always makes the same bytes. */
function untilTwiceTheSame(make) {
  const seen = new Set();
  for (let left = MOST_ATTEMPTS; left > 0; left--) {
    const made = make();
    if (seen.has(made)) return;
    seen.add(made);
  }
}
