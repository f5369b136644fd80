/** How long DuckDB waits for the answer to an HTTP request, and how often it asks again. */
export interface RequestLimits {
  readonly seconds: number;
  readonly retries: number;
}

/** DuckDB's own (https://duckdb.org/docs/stable/core_extensions/httpfs/overview). */
export const DEFAULT_REQUEST_LIMITS: RequestLimits = { seconds: 30, retries: 3 };
const DEFAULT_PAUSE_MS = 100;
const DEFAULT_BACKOFF = 4;
/** Rather than less time for each attempt there are fewer of them. */
const LEAST_SECONDS = 2;
const SHORTEST_SECONDS = 1;

/**
 * The limits with which a request that nobody answers ends within `milliseconds`, all its repetitions and the pauses between them together:
 * DuckDB cannot interrupt one. No less than one attempt of a second. `settings` are the user's own; theirs stay.
 */
export function requestLimits(milliseconds: number, settings: Readonly<Record<string, string>>): RequestLimits {
  const { http_retries: own, http_retry_wait_ms: pause = DEFAULT_PAUSE_MS, http_retry_backoff: backoff = DEFAULT_BACKOFF } = settings;
  const secondsOf = (retries: number) => {
    let waiting = 0;
    // The first repetition follows at once.
    for (let i = 0; i < retries - 1; i++) waiting += Number(pause) * Number(backoff) ** i;
    return Math.floor((milliseconds - waiting) / 1000 / (retries + 1));
  };
  let retries = own === undefined ? DEFAULT_REQUEST_LIMITS.retries : Number(own);
  if (own === undefined) {
    while (retries > 0 && secondsOf(retries) < LEAST_SECONDS) retries -= 1;
  }
  return { retries, seconds: Math.min(DEFAULT_REQUEST_LIMITS.seconds, Math.max(SHORTEST_SECONDS, secondsOf(retries))) };
}

/** What sets them; never what the user has set. */
export function setRequestLimits({ seconds, retries }: RequestLimits, settings: Readonly<Record<string, string>>): string {
  return `SET GLOBAL http_timeout = ${seconds}${'http_retries' in settings ? '' : `; SET GLOBAL http_retries = ${retries}`}`;
}
