import { channel } from 'node:diagnostics_channel';

/** Makes a request; settles with its answer. */
type Request = () => Promise<unknown>;

/** Chunks of the runtime are bundled separately. They share the process's channels, but not this module. */
const SENT = channel('cdk-duckdb-lambda:request-sent');

let planned: readonly Request[] = [];

/** Announces that a request was handed to the operating system. */
export function noteSent(): void {
  SENT.publish(undefined);
}

/** Plans requests, which are made while something else has to be waited for. Replaces the earlier plan. */
export function planEarlyRequests(requests: readonly Request[]): void {
  planned = requests;
}

/** Makes the planned requests, once, and settles when they have left; undefined if none are planned. */
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
    // A request that fails before it is sent never departs.
    void Promise.allSettled(requests.map((request) => request())).then(end);
  });
}
