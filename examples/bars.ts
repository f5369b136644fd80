const LONGEST = 40;

export interface BarOptions {
  /** Digits after the decimal point. @default 0 */
  readonly digits?: number;
  /** The name whose bar is green, where the terminal shows colours. @default - none */
  readonly highlighted?: string;
}

/** A line with a bar for each value, in fewer than 80 columns. */
export function bars(values: Readonly<Record<string, number>>, { digits = 0, highlighted }: BarOptions = {}): string {
  const largest = Math.max(...Object.values(values));
  return Object.entries(values).map(([name, value]) => {
    const bar = '█'.repeat(Math.max(1, Math.round((value / largest) * LONGEST)));
    return `  ${name.padEnd(12)} ${value.toFixed(digits).padStart(7)}  ${name === highlighted ? green(bar) : bar}`;
  }).join('\n');
}

/** Neither files and CI's logs nor terminals under NO_COLOR get colours. */
function green(text: string): string {
  return process.stdout.isTTY && process.stdout.hasColors() ? `\x1b[32m${text}\x1b[39m` : text;
}
