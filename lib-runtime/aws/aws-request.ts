import type * as https from 'node:https';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { processCredentials } from './credentials';
import { signedHeaders, type UnsignedRequest } from './signature';
import { noteSent } from '../base/early-requests';
import { ConfigError, messageOf } from '../base/errors';
import { AWS, AWS_SDK, saysOneOf } from '../base/wording';

/** A request to an AWS API. */
export interface AwsRequest {
  /** The service, as in the names of its endpoints. */
  readonly service: 'ssm' | 'secretsmanager' | 'sts';
  /** The environment variable of the service's endpoint, as the AWS SDKs read it: `AWS_ENDPOINT_URL_SSM`. */
  readonly endpointVariable: string;
  readonly region: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request to a URL of an AWS API. */
export interface SignedRequest extends UnsignedRequest {
  readonly service: AwsRequest['service'] | 's3';
  readonly region: string;
  /** The certificates, in PEM, that verify the server's. @default - those that Node.js trusts */
  readonly certificates?: string;
}

/** AWS refused a request, or did not answer it. */
export class AwsError extends Error {
  constructor(
    /** AWS's own code, such as `AccessDeniedException`. */
    readonly code: string,
    message: string,
    /** Whether the same request may succeed later. */
    readonly passing: boolean,
  ) {
    super(`${code}: ${message}`);
  }
}

const requireFromHere = createRequire(__filename);

const ATTEMPT_LIMIT_MS = 3_000;
const LIMIT_MS = 6_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;
const THROTTLED = [AWS.throttling, AWS.tooManyRequests, AWS.requestLimitExceeded, AWS.slowDown];

/** Sends a signed POST to the endpoint of a service, like `signedRequest`. */
export async function awsRequest({ service, endpointVariable, region, headers, body }: AwsRequest): Promise<string> {
  return signedRequest({ method: 'POST', url: endpoint(service, endpointVariable, region), headers, body, service, region });
}

/**
 * Sends a signed request and returns the body of the answer. Tries again after temporary failures (throttling, a server's failure, a broken
 * connection), with a growing random delay, for 6 s in all. Throws an `AwsError`.
 */
export async function signedRequest(request: SignedRequest): Promise<string> {
  const end = Date.now() + LIMIT_MS;
  for (let ceiling = FIRST_DELAY_MS; ; ceiling = Math.min(2 * ceiling, MAX_DELAY_MS)) {
    try {
      return await attempt(request, Math.min(ATTEMPT_LIMIT_MS, end - Date.now()));
    } catch (error) {
      const delay = Math.random() * ceiling;
      if (!(error instanceof AwsError && error.passing) || Date.now() + delay >= end) throw error;
      await sleep(delay);
      // A timer may be late. Without time for an answer, another attempt would hide the error.
      if (Date.now() >= end) throw error;
    }
  }
}

async function attempt(request: SignedRequest, limitMs: number): Promise<string> {
  const { method, url, body, service, region, certificates: ca } = request;
  const credentials = await processCredentials(process.env).catch((error) => {
    throw AWS_SDK.noCredentials.test(messageOf(error)) ? new AwsError('NoCredentials', messageOf(error), false) : error;
  });
  // Loads only the client that is needed: TLS alone takes 4 ms to load. `import()` would evaluate all of its exports.
  const { request: send } = requireFromHere(url.protocol === 'https:' ? 'node:https' : 'node:http') as typeof https;
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new AwsError('NoAnswer', `${url.host}: ${why}`, true));
    const limit = setTimeout(() => {
      fail(`no answer within ${limitMs} ms; in a VPC, a function reaches AWS's APIs only through a NAT gateway or an interface endpoint`);
      sent.destroy();
    }, limitMs);
    const sent = send(url, { method, headers: signedHeaders(request, { service, region, credentials }), ca }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => text += part);
      response.on('error', (error) => fail(messageOf(error)));
      response.on('end', () => {
        if (response.statusCode! < 300) resolve(text);
        else reject(refusal(response.statusCode!, text));
      });
      response.on('close', () => clearTimeout(limit));
    });
    sent.on('error', (error) => {
      clearTimeout(limit);
      fail(messageOf(error));
    });
    sent.once('finish', noteSent);
    sent.end(body);
  });
}

function refusal(status: number, text: string): AwsError {
  const code = /"__type":\s*"(?:[^"#]*#)?([^"]+)"|<Code>([^<]+)</.exec(text)?.slice(1).find(Boolean) ?? `HTTP ${status}`;
  const message = /"[mM]essage":\s*"((?:[^"\\]|\\.)*)"|<Message>([^<]*)</.exec(text)?.slice(1).find(Boolean) ?? 'no reason was given';
  return new AwsError(code, message, status >= 500 || status === 429 || saysOneOf(THROTTLED, code));
}

function endpoint(service: string, variable: string, region: string): URL {
  return endpointUrl(process.env[variable] ?? process.env.AWS_ENDPOINT_URL ?? `https://${awsHost(service, region)}`);
}

/** AWS's own host of a service. */
export function awsHost(service: string, region: string): string {
  return `${service}.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
}

/** Throws `CONFIG` for an endpoint that is not a URL. */
export function endpointUrl(text: string): URL {
  if (!URL.canParse(text)) throw new ConfigError(`the endpoint "${text}" is not a URL; expected one such as http://127.0.0.1:4566`);
  return new URL(text);
}
