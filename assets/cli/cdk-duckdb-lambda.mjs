#!/usr/bin/env node
import { main } from './command-line.mjs';

await main(process.argv.slice(2));
