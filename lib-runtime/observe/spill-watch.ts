import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const SAMPLE_INTERVAL_MS = 50;

/** Looks every 50 ms how much lies in the directory that an instance spills to. */
export class SpillWatch {
  private peak = 0;
  private readonly timer = setInterval(() => this.peak = Math.max(this.peak, bytesIn(this.directory)), SAMPLE_INTERVAL_MS);

  constructor(private readonly directory: string) {}

  /** Ends it; returns the most bytes that were seen. */
  end(): number {
    clearInterval(this.timer);
    return this.peak;
  }
}

function bytesIn(directory: string): number {
  if (!existsSync(directory)) return 0;
  return readdirSync(directory).reduce((sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
