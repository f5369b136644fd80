/** S3's own name of what a request asks for. */
export type Operation =
  | 'HeadBucket' | 'HeadObject' | 'GetObject' | 'ListObjectsV2' | 'PutObject' | 'DeleteObject' | 'DeleteObjects'
  | 'CreateMultipartUpload' | 'UploadPart' | 'CompleteMultipartUpload' | 'AbortMultipartUpload' | 'Unknown';

/** A request as it came, and how it was answered. */
export interface SeenRequest {
  readonly operation: Operation;
  /** As `lake/orders/1.parquet`; of a list, the bucket and the prefix. */
  readonly key: string;
  /** As the header says it: `bytes=0-99`. */
  readonly range?: string;
  /** 0 while it is not answered. */
  readonly status: number;
  /** Of the request's body. */
  readonly receivedBytes: number;
  /** Of the answer's body. */
  readonly sentBytes: number;
}

/** What the server has seen since it was last reset. */
export interface Traffic {
  /** In the order of their coming. */
  readonly requests: readonly SeenRequest[];
  /** New TCP connections. */
  readonly connections: number;
  /** New TLS sessions; those that were resumed are counted apart. */
  readonly handshakes: number;
  readonly resumed: number;
  /** The most requests that waited for their answers at one time. */
  readonly mostAtOnce: number;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A request that is being answered. */
export type OpenRequest = Writable<SeenRequest>;

export class TrafficCounter {
  private seen = nothing();
  private open = 0;

  get traffic(): Traffic {
    return this.seen;
  }

  /** What is open stays open. */
  reset(): void {
    this.seen = { ...nothing(), mostAtOnce: this.open };
  }

  connected(): void {
    this.seen.connections += 1;
  }

  secured(resumed: boolean): void {
    this.seen[resumed ? 'resumed' : 'handshakes'] += 1;
  }

  began(request: Pick<SeenRequest, 'operation' | 'key' | 'range'>): OpenRequest {
    const seen: OpenRequest = { ...request, status: 0, receivedBytes: 0, sentBytes: 0 };
    this.seen.requests.push(seen);
    this.open += 1;
    this.seen.mostAtOnce = Math.max(this.seen.mostAtOnce, this.open);
    return seen;
  }

  ended(): void {
    this.open -= 1;
  }
}

function nothing(): Writable<Omit<Traffic, 'requests'>> & { requests: SeenRequest[] } {
  return { requests: [], connections: 0, handshakes: 0, resumed: 0, mostAtOnce: 0 };
}
