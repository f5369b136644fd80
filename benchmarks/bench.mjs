// `npm run bench`
import { runTypeScript } from '../examples/run-typescript.mjs';

runTypeScript('benchmarks/bench.ts', ...process.argv.slice(2));
