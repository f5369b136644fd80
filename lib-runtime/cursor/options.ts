import type { CallOptions, CursorOptions, QueryOptions } from './types';
import { LIMIT, Options, ROWS, SIGNAL, STEPS, TEXT } from '../base/options';

export const CURSOR_OPTIONS = new Options<CursorOptions>('cursor()', { database: TEXT, bootstrap: STEPS, maxStalenessMs: LIMIT, signal: SIGNAL });
export const CALL_OPTIONS = new Options<CallOptions>('this call', { signal: SIGNAL });
export const QUERY_OPTIONS = new Options<QueryOptions>('a query', { rows: ROWS, maxRows: LIMIT, maxBytes: LIMIT, maxStalenessMs: LIMIT, signal: SIGNAL });
