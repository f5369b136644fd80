import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { CONTAINER_HOST } from '../../test/bed';
import { DUCKDB_VERSION, extensionFile, PLATFORM } from '../../test/lib-runtime/signed-extensions';

export interface ExtensionMirror {
  /** The URL for containers. */
  readonly url: string;
  stop(): Promise<void>;
}

/** A mirror of DuckDB's repository with the extensions of `directory`: compressed files are in memory, so that it answers at once. */
export async function startMirror(directory: string, names: readonly string[]): Promise<ExtensionMirror> {
  const answers = new Map(names.map((name) => (
    [`/v${DUCKDB_VERSION}/${PLATFORM}/${name}.duckdb_extension.gz`, gzipSync(readFileSync(extensionFile(directory, name)), { level: 6 })]
  )));
  const server = createServer(({ url }, response) => {
    const answer = answers.get(url!);
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  await once(server.listen(0, '0.0.0.0'), 'listening');
  return {
    url: `http://${CONTAINER_HOST}:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
