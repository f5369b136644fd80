import './start';

export type { AbortSignalLike } from './base/abort';
export { cursor } from './cursor';
export type { CallOptions, Cursor, CursorOptions, QueryOptions, QueryResult } from './cursor/types';
export { DEFAULT_BOOTSTRAP } from './bootstrap/default-bootstrap';
export type { AsyncDisposableLike } from './base/disposable';
export { DuckDB } from './duckdb';
export type { DuckDBCursorOptions, DuckDBOptions } from './duckdb';
export {
  AbortedError, BootstrapError, BudgetError, BusyError, ClosedError, CommitUnknownError, ConfigError, DuckDbError, DuckDbRetryableError,
  ExtensionError, FatalError, FileInUseError, OutOfRangeError, ParameterError, QueryError, ResultLimitError, StreamError, TimeoutError,
} from './base/errors';
export type { DuckDbErrorCode, DuckDbErrorOptions } from './base/errors';
export { withDuckDB } from './handler';
export type { WithDuckDBOptions } from './handler';
export { memoryBudget } from './memory/memory-budget';
export type { BudgetFigures } from './memory/budget-figures';
export type { QueryParameters } from './values/parameters';
export { queryHandler } from './query-handler';
export type { ResultFormat } from './queries/result-format';
export type {
  FileAnswer, HttpCors, InvocationContext, QueryAnswer, QueryEvent, QueryHandler, QueryHandlerOptions, QueryHttpAnswer, QueryHttpEvent,
  QueryHttpOptions, RowsAnswer,
} from './queries/types';
export { registerBootstrapStep } from './bootstrap/register-bootstrap-step';
export type { Diagnosis } from './bootstrap/step';
export type { BootstrapContext, BootstrapStepFactory, BootstrapStepSettings, BootstrapStepType } from './bootstrap/step-type';
export { writeRows } from './response';
export type { ResponseStreamLike, WriteRowsOptions } from './response';
export type { RowFormat } from './base/row-format';
export type { Column } from './values/column';
export { session } from './session';
export type { AttachOptions, Session, SessionOptions } from './session';
export type { BootstrapTrace, CreateTrace, LoadTrace, QueryTrace, Trace } from './observe/traces';
