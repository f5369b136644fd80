// Makes the stack traces of a bundled handler name the lines of its source. Node.js's own --enable-source-maps reads the whole map
// whenever the handler is loaded. This module reads it when code first asks for a stack trace.
'use strict';
const { readFileSync } = require('node:fs');
const { SourceMap } = require('node:module');
const { resolve, sep } = require('node:path');
const { fileURLToPath } = require('node:url');

const maps = new Map();

/** The map of a file; null if it has none. */
function mapOf(file) {
  if (!maps.has(file)) {
    let map = null;
    try {
      map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
    } catch {
      // Without a map, the trace names the lines of the bundle.
    }
    maps.set(file, map);
  }
  return maps.get(file);
}

/** The place in the source for a place in the bundle. Other places stay as they are. */
function original(place, url, line, column) {
  const file = url.startsWith('file:') ? fileURLToPath(url) : url;
  if (!file.startsWith(__dirname + sep) || file.includes(`${sep}node_modules${sep}`)) return place;
  const { originalSource, originalLine, originalColumn } = mapOf(file)?.findEntry(line - 1, column - 1) ?? {};
  return originalSource === undefined ? place : `${resolve(__dirname, originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
}

/** `file:///var/task/index.mjs:3:9` and `/var/task/index.cjs:3:9`. */
const PLACE = /((?:file:\/)?\/[^():]+):(\d+):(\d+)/g;

function heading(error) {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return 'Error';
  }
}

if (!process.sourceMapsEnabled) {
  Error.prepareStackTrace = (error, frames) => [heading(error), ...frames.map((frame) => `    at ${frame}`.replace(PLACE, original))].join('\n');
}
