import { channel } from 'node:diagnostics_channel';

/** Makes a request; settles with its answer. */
type Request = () => Promise<unknown>;

/** Chunks of the runtime are bundled apart: they share the process's channels, but no module. */
const SENT = channel('cdk-duckdb-lambda:request-sent');

let planned: readonly Request[] = [];

/** Tells that a request was handed to the operating system. */
export function noteSent(): void {
  SENT.publish(undefined);
}

/** Requests to be made when there is something else to wait for meanwhile. Replaces what was planned before. */
export function planEarlyRequests(requests: readonly Request[]): void {
  planned = requests;
}

/** Makes the planned requests, once, and settles when they have left; undefined where none are planned. */
export function sendEarlyRequests(): Promise<void> | undefined {
  const requests = planned;
  planned = [];
  return requests.length === 0 ? undefined : sentOf(requests);
}

function sentOf(requests: readonly Request[]): Promise<void> {
  return new Promise((resolve) => {
    let left = requests.length;
    const onSent = () => {
      left -= 1;
      if (left === 0) end();
    };
    const end = () => {
      SENT.unsubscribe(onSent);
      resolve();
    };
    SENT.subscribe(onSent);
    // One that fails before it is sent never departs.
    void Promise.allSettled(requests.map((request) => request())).then(end);
  });
}
