// Runs the floor from one file, with V8's compiled form if that exists.
const { existsSync, readFileSync } = require('node:fs');
const { Script } = require('node:vm');

const [code, compiled] = [`${__dirname}/floor.code.cjs`, `${__dirname}/floor.cache`];
const script = new Script(readFileSync(code, 'latin1'), { filename: code, cachedData: existsSync(compiled) ? readFileSync(compiled) : undefined });
exports.handler = script.runInThisContext()(require);
