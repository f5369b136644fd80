import { version } from '@duckdb/node-api';

export const handler = () => ({ node: process.versions.node, duckdb: version().slice(1) });
