#!/usr/bin/env node
import { main } from './duckdb-extensions/commands/command-line.mjs';

process.exitCode = await main(process.argv.slice(2));
