// `npm run demo`
import { runTypeScript } from './run-typescript.mjs';

runTypeScript('examples/demo.ts');
