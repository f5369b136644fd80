import { createRequire } from 'node:module';
import { answerRows, seenColumns } from './answer-rows';
import { preflightHeaders } from './cors';
import type { HttpRequest } from './http-event';
import { type Headers, HttpResponse } from './http-response';
import { contentType, HTTP_FORMATS, type HttpFormat, mediaType, negotiate } from './negotiation';
import { HttpProblem, problemOf, quoted } from './problem';
import { requestParams } from './request-params';
import type { Responder } from './responder';
import { didYouMean } from '../../base/did-you-mean';
import { ConfigError, messageOf } from '../../base/errors';
import { recordAnswer } from '../../observe/metrics';
import type { QueryFile } from '../query-file';
import type { RunningQuery } from '../running-query';
import type { HttpCors } from '../types';

// Another name than `require`, so that bundlers leave these calls alone.
const requireFromHere = createRequire(__filename);

/** The API's description. */
const openApi = () => requireFromHere('./openapi') as typeof import('./openapi');

/** What answers HTTP requests: queries, and how they run. */
export interface HttpHost {
  /** The names of all queries. */
  readonly names: () => readonly string[];
  /** Reads a query's file. Throws if it has errors. */
  readonly load: (name: string) => QueryFile;
  /** Whether a GET may run the query. */
  readonly isSafe: (query: QueryFile) => boolean;
  /** Throws if DuckDB does not parse the query. */
  readonly checkSyntax: (query: QueryFile) => Promise<void>;
  /** Runs a query up to its last statement. Calls `onBegin` before its first statement. */
  readonly run: (query: QueryFile, params: object, answer: (running: RunningQuery) => Promise<void>, onBegin: () => void) => Promise<void>;
  readonly cors: HttpCors | undefined;
}

/** Names of queries have no dots. */
const OPENAPI = 'openapi.json';
const SUFFIX = new RegExp(`\\.(${HTTP_FORMATS.join('|')})$`);

/** Refuses a folder with a query whose rows nobody could ask for as JSON. */
export function refuseHiddenQuery(folder: string, hasQuery: (name: string) => boolean): void {
  const name = OPENAPI.replace(SUFFIX, '');
  if (!hasQuery(name)) return;
  throw new ConfigError(`${folder}/${name}.sql: received the name "${name}", but GET /${OPENAPI} is the description of the API, and not rows: rename the file`);
}

/** Answers a request, also one that fails. Throws only if the response has begun, or its reader has left. */
export async function answerHttp(host: HttpHost, request: HttpRequest, responder: Responder, requestId: string | undefined): Promise<void> {
  const response = new HttpResponse(request, responder, host.cors);
  const answer = new HttpAnswer(host, request, response);
  const started = performance.now();
  try {
    await answer.send();
    recordAnswer(answer.queryName, performance.now() - started);
  } catch (error) {
    recordAnswer(answer.queryName, performance.now() - started, error instanceof HttpProblem ? undefined : error);
    if (response.hasBegun) throw error;
    const problem = problemOf(error, request.path, answer.mayHaveWritten);
    await response.send(problem.status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...problem.headers }, problem.body(requestId));
  }
}

class HttpAnswer {
  /** The query that the request asks for, if there is one of that name. */
  queryName: string | undefined;
  /** Whether statements that are not only reading have begun. */
  mayHaveWritten = false;

  constructor(private readonly host: HttpHost, private readonly request: HttpRequest, private readonly response: HttpResponse) {}

  async send(): Promise<void> {
    const { method, path, headers } = this.request;
    // A browser tells nothing of a preflight but that it failed.
    if (method === 'OPTIONS' && headers['access-control-request-method'] !== undefined) return this.options(['GET', 'HEAD', 'POST', 'OPTIONS']);
    return path === OPENAPI ? this.openApi() : this.answer();
  }

  private async answer(): Promise<void> {
    const { method, path, headers: { accept } } = this.request;
    const { host, response } = this;
    const query = this.query(path.replace(SUFFIX, ''));
    this.queryName = query.name;
    const isSafe = host.isSafe(query);
    const methods = [...isSafe ? ['GET', 'HEAD'] : [], 'POST', 'OPTIONS'];
    if (method === 'OPTIONS') return this.options(methods);
    // What DuckDB does not parse does not look as if it only reads, but that is not the client's fault.
    if (!isSafe && isGet(method)) await host.checkSyntax(query);
    this.checkMethod(methods);
    const format = SUFFIX.exec(path)?.[1] as HttpFormat | undefined ?? negotiate(accept);
    if (format === undefined) throw new HttpProblem(406, `received the Accept ${quoted(accept!)}, and the answer can be: ${HTTP_FORMATS.map(mediaType).join(', ')}`);
    const params = requestParams(this.request, query);
    const onBegin = () => void (this.mayHaveWritten = !isSafe);
    return host.run(query, params, (running) => answerRows(running, format, this.headers(query, format), response), onBegin);
  }

  private query(name: string): QueryFile {
    const names = this.host.names();
    if (names.includes(name)) return this.host.load(name);
    throw new HttpProblem(404, `there is no query ${quoted(name)}${didYouMean(name, names) || `; ${OPENAPI} lists the queries`}`);
  }

  private checkMethod(methods: readonly string[]): void {
    const { method } = this.request;
    if (methods.includes(method)) return;
    const why = isGet(method) ? ', because the query may write' : '';
    throw new HttpProblem(405, `received the method ${quoted(method)}, expected ${methods.join(', ')}${why}`, { allow: methods.join(', ') });
  }

  private async options(methods: readonly string[]): Promise<void> {
    await this.response.send(204, { allow: methods.join(', '), ...preflightHeaders(this.host.cors, methods) }, '');
  }

  private async openApi(): Promise<void> {
    const methods = ['GET', 'HEAD', 'OPTIONS'];
    if (this.request.method === 'OPTIONS') return this.options(methods);
    this.checkMethod(methods);
    const { host } = this;
    const queries = host.names().flatMap((name) => this.loaded(name)).map((query) => (
      { ...query, isSafe: host.isSafe(query), seenColumns: seenColumns.get(query.name) }
    ));
    const document = openApi().openApiDocument(queries, this.request.basePath);
    await this.response.sendResult({ 'content-type': 'application/json', 'cache-control': 'no-cache' }, document);
  }

  /** The query; none if its file has errors, which must not hide the other queries. */
  private loaded(name: string): QueryFile[] {
    try {
      return [this.host.load(name)];
    } catch (error) {
      console.error(`${OPENAPI} is without the query "${name}": ${messageOf(error)}`);
      return [];
    }
  }

  private headers({ cacheSeconds, parameters }: QueryFile, format: HttpFormat): Headers {
    const isOwn = parameters.some(({ from }) => from !== undefined);
    const age = cacheSeconds === undefined ? 'no-cache' : `max-age=${cacheSeconds}`;
    return {
      'content-type': contentType(format),
      'cache-control': this.request.method === 'POST' ? 'no-store' : `${isOwn ? 'private, ' : ''}${age}`,
      'vary': `Accept, Accept-Encoding${isOwn ? ', Authorization' : ''}`,
    };
  }
}

function isGet(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
