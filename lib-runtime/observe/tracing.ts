import { tracingChannel, type TracingChannel } from 'node:diagnostics_channel';
import type { Trace, Traces } from './traces';

type Channels = { readonly [Name in keyof Traces]: TracingChannel<unknown, Traces[Name]> };

/** Node.js's own tracing channels (https://nodejs.org/api/diagnostics_channel.html#class-tracingchannel): free without a subscriber. */
export const CHANNELS: Channels = {
  create: tracingChannel('cdk-duckdb-lambda:create'),
  load: tracingChannel('cdk-duckdb-lambda:load'),
  bootstrap: tracingChannel('cdk-duckdb-lambda:bootstrap'),
  query: tracingChannel('cdk-duckdb-lambda:query'),
};

/** Runs `work` and notifies the channel's subscribers, if there are any. Only then is the description made and passed to `work`. */
export function traced<Name extends keyof Traces, T>(
  name: Name, describe: () => Traces[Name], work: (trace: Traces[Name] | undefined) => Promise<T>,
): Promise<T> {
  const channel: TracingChannel<unknown, Traces[Name]> = CHANNELS[name];
  return isObserved(channel) ? told(channel, describe(), work) : work(undefined);
}

async function told<T, Message extends Trace>(
  channel: TracingChannel<unknown, Message>, trace: Message, work: (trace: Message) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  let value: T;
  // The message does not contain the work's result: it may hold rows.
  await channel.tracePromise(async () => {
    try {
      value = await work(trace);
    } finally {
      trace.milliseconds = performance.now() - started;
    }
  }, trace as never);
  return value!;
}

function isObserved({ start, end, asyncStart, asyncEnd, error }: TracingChannel<unknown, any>): boolean {
  return [start, end, asyncStart, asyncEnd, error].some((channel) => channel.hasSubscribers);
}
