// Writes V8's compiled form of the floor beside it, after a run, so that it includes functions that V8 compiles when they are called.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const directory = dirname(fileURLToPath(import.meta.url));
const code = join(directory, 'floor.code.cjs');
const script = new Script(readFileSync(code, 'latin1'), { filename: code });
Object.assign(process.env, { TMPDIR: '/tmp', STEPS: '', SQL: "SELECT 1 AS one, 'a' AS text, true AS flag" });
await script.runInThisContext()(createRequire(code))();
writeFileSync(join(directory, 'floor.cache'), script.createCachedData());
