import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { docker, run } from '../../test/bed';

/** The read-ahead setting of the disk that holds `path`. */
export async function readAheadSetting(path: string): Promise<string> {
  const { stdout } = await run('findmnt', ['--noheadings', '--output', 'MAJ:MIN', '--target', path]);
  const device = realpathSync(join('/sys/dev/block', stdout.trim()));
  // A partition is a folder in its disk's.
  return [device, dirname(device)].map((each) => join(each, 'queue', 'read_ahead_kb')).find(existsSync)!;
}

/** That of the disk that holds Docker's images. */
export async function dockerReadAheadSetting(): Promise<string> {
  const { stdout } = await docker(['info', '--format', '{{.DockerRootDir}}']);
  return readAheadSetting(stdout.trim());
}

/** Runs `task` while the disk reads only what is requested. With read-ahead, it would read megabytes that are not used. */
export async function withoutReadAhead<T>(setting: string, task: () => Promise<T>): Promise<T> {
  const before = readFileSync(setting, 'utf8');
  const putBack = () => writeFileSync(setting, before);
  const onSignal = () => {
    putBack();
    process.exit(1);
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    writeFileSync(setting, '0');
    return await task();
  } finally {
    putBack();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
