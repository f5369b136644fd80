import { answerHttp, type HttpHost, refuseHiddenQuery } from './answer-http';
import { isHttpEvent, readHttpEvent } from './http-event';
import { readHttpOptions } from './http-options';
import { type AwsLambda, BufferedResponder, type LambdaStream, StreamingResponder, writeWhole } from './responder';
import type { InvocationContext, QueryHttpAnswer } from '../types';

// A separate chunk, which is loaded for the first HTTP event, or when a handler is made that declares HTTP.

export { isHttpEvent, readHttpOptions, refuseHiddenQuery };

/** The result of an HTTP event, for a function that does not stream. */
export async function httpResult(host: HttpHost, event: object, context: InvocationContext | undefined): Promise<QueryHttpAnswer> {
  const request = readHttpEvent(event);
  const responder = new BufferedResponder(request);
  await answerHttp(host, request, responder, context?.awsRequestId);
  return responder.result!;
}

/** Answers any event of a function that streams. `answer` answers those that are not HTTP. */
export async function streamResult(
  host: HttpHost, event: unknown, stream: LambdaStream, context: InvocationContext | undefined, answer: () => Promise<object>,
): Promise<void> {
  if (isHttpEvent(event)) {
    const request = readHttpEvent(event);
    if (request.service !== 'HTTP API') return answerHttp(host, request, new StreamingResponder(request, awsLambda()!, stream), context?.awsRequestId);
  }
  // HTTP APIs and other callers wait for the whole result: for them, a status before the body would be a part of it.
  const result = isHttpEvent(event) ? await httpResult(host, event, context) : await answer();
  stream.setContentType('application/json');
  await writeWhole(stream, JSON.stringify(result));
}

/** What AWS's runtime adds to the global scope; undefined elsewhere. */
export function awsLambda(): AwsLambda | undefined {
  return (globalThis as { readonly awslambda?: AwsLambda }).awslambda;
}
