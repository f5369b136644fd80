/** How long DuckDB waits for the response to an HTTP request, and how often it repeats the request. */
export interface RequestLimits {
  readonly seconds: number;
  readonly retries: number;
}

/** DuckDB's own defaults (https://duckdb.org/docs/stable/core_extensions/httpfs/overview). */
export const DEFAULT_REQUEST_LIMITS: RequestLimits = { seconds: 30, retries: 3 };
const DEFAULT_PAUSE_MS = 100;
const DEFAULT_BACKOFF = 4;
/** A shorter limit reduces the number of attempts, not the time of each. */
const LEAST_SECONDS = 2;
const SHORTEST_SECONDS = 1;

/**
 * The limits with which an unanswered request ends within `milliseconds`, including all repetitions and pauses, because DuckDB cannot interrupt it.
 * The minimum is one attempt of one second. `settings` are the user's own and stay.
 */
export function requestLimits(milliseconds: number, settings: Readonly<Record<string, string>>): RequestLimits {
  const { http_retries: own, http_retry_wait_ms: pause = DEFAULT_PAUSE_MS, http_retry_backoff: backoff = DEFAULT_BACKOFF } = settings;
  const secondsOf = (retries: number) => {
    let waiting = 0;
    // The first repetition follows immediately.
    for (let i = 0; i < retries - 1; i++) waiting += Number(pause) * Number(backoff) ** i;
    return Math.floor((milliseconds - waiting) / 1000 / (retries + 1));
  };
  let retries = own === undefined ? DEFAULT_REQUEST_LIMITS.retries : Number(own);
  if (own === undefined) {
    while (retries > 0 && secondsOf(retries) < LEAST_SECONDS) retries -= 1;
  }
  return { retries, seconds: Math.min(DEFAULT_REQUEST_LIMITS.seconds, Math.max(SHORTEST_SECONDS, secondsOf(retries))) };
}

/** The SQL that sets the limits, except for settings that the user has set. */
export function setRequestLimits({ seconds, retries }: RequestLimits, settings: Readonly<Record<string, string>>): string {
  return `SET GLOBAL http_timeout = ${seconds}${'http_retries' in settings ? '' : `; SET GLOBAL http_retries = ${retries}`}`;
}
