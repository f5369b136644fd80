import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SAMPLE_INTERVAL_MS = 50;

/** Measures every 50 ms the size of the directory to which an instance spills. */
export class SpillWatch {
  private peak = 0;
  private readonly timer = setInterval(() => this.peak = Math.max(this.peak, bytesIn(this.directory)), SAMPLE_INTERVAL_MS);

  constructor(private readonly directory: string) {}

  /** Ends the measuring. Returns the highest size. */
  end(): number {
    clearInterval(this.timer);
    return this.peak;
  }
}

function bytesIn(directory: string): number {
  if (!existsSync(directory)) return 0;
  return readdirSync(directory).reduce((sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
