import './start';

export type { AbortSignalLike } from './abort';
export { cursor } from './cursor';
export type { CallOptions, Cursor, CursorOptions, QueryOptions, QueryResult } from './cursor';
export { DEFAULT_BOOTSTRAP } from './default-bootstrap';
export type { AsyncDisposableLike } from './disposable';
export { DuckDB } from './duckdb';
export type { DuckDBCursorOptions, DuckDBOptions } from './duckdb';
export {
  AbortedError, BootstrapError, BudgetError, BusyError, ClosedError, ConfigError, DuckDbError, ExtensionError, FatalError, FileInUseError,
  OutOfRangeError, ParameterError, QueryError, ResultLimitError, StreamError, TimeoutError,
} from './errors';
export type { DuckDbErrorCode, DuckDbErrorOptions } from './errors';
export { withDuckDB } from './handler';
export type { WithDuckDBOptions } from './handler';
export { memoryBudget } from './memory-budget';
export type { BudgetFigures } from './memory-budget';
export type { QueryParameters } from './parameters';
export { registerBootstrapStep } from './register-bootstrap-step';
export type { BootstrapContext, BootstrapStepType } from './register-bootstrap-step';
export { writeRows } from './response';
export type { ResponseStreamLike, WriteRowsOptions } from './response';
export type { Column, RowFormat } from './rows';
export { session } from './session';
export type { AttachOptions, Session, SessionOptions } from './session';
export type { BootstrapTrace, CreateTrace, LoadTrace, QueryTrace, Trace } from './traces';
