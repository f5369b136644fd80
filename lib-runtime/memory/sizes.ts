import { ConfigError } from '../base/errors';

const SIZE = /^([\d.]+)\s*(%|[kmgt]?i?b?)$/i;
const POWERS = ['', 'k', 'm', 'g', 't'];

/** The bytes of a DuckDB setting such as `700MiB`, `1GB` or `80%` (of `whole`); undefined for "none". */
export function bytesOf(text: string | undefined, whole: number): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit] = SIZE.exec(text.trim()) ?? [];
  const figure = Number(digits);
  if (unit === undefined || !(figure > 0)) throw new ConfigError(`"${text}" is not a size: expected one such as 700MiB, 1GB or 80%`);
  if (unit === '%') return Math.floor(whole * figure / 100);
  const lower = unit.toLowerCase();
  return Math.floor(figure * (lower.includes('i') ? 1024 : 1000) ** POWERS.indexOf(lower.replace(/i?b?$/, '')));
}
