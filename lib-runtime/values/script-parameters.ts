import { listed, type QueryParameters } from './parameters';
import { didYouMean } from '../base/did-you-mean';
import { ParameterError } from '../base/errors';
import { parameterNames } from '../base/placeholders';

/** Which values belong to which statement of a script: those of an object to every statement that names them, a list to the last statement. */
export class ScriptParameters {
  private readonly used = new Set<string>();

  /** Throws a `PARAMETER` error, before a statement has run, for a name that `sql`, which has `count` statements, does not contain. */
  constructor(private readonly given: QueryParameters, sql: string, private readonly count: number) {
    if (this.keys.length === 0 || count === 1) return;
    const names = parameterNames(sql);
    const known = new Set(names.map((name) => name.toLowerCase()));
    // The numbers of ? are known to DuckDB alone.
    const unknown = this.keys.find((key) => !known.has(key.toLowerCase()) && !/^\d+$/.test(key));
    if (unknown === undefined) return;
    throw new ParameterError(`there is no parameter $${unknown} in the script${didYouMean(unknown, names)}; its parameters are: ${listed([...known])}`);
  }

  /** The values for the statement at `index`, which has parameters with these `names`; undefined if it has none. Throws `PARAMETER`. */
  of(names: readonly string[], index: number): QueryParameters | undefined {
    const { count, given } = this;
    const isLast = index === count - 1;
    if (isLast && (Array.isArray(given) || count === 1)) return given;
    if (Array.isArray(given)) {
      if (names.length === 0) return undefined;
      throw new ParameterError(`statement ${index + 1} of ${count} has a parameter, and the values of a list belong to the last statement: ` +
        'give its parameters names, as in $month, and pass an object');
    }
    const values = this.valuesFor(names, index, given as Readonly<Record<string, unknown>>);
    if (isLast) this.checkUse();
    return names.length === 0 ? undefined : values;
  }

  private valuesFor(names: readonly string[], index: number, given: Readonly<Record<string, unknown>>): QueryParameters {
    const known = new Set(names.map((name) => name.toLowerCase()));
    const keys = this.keys.filter((key) => known.has(key.toLowerCase()));
    for (const key of keys) this.used.add(key);
    const missing = names.find((name) => !keys.some((key) => key.toLowerCase() === name.toLowerCase()));
    if (missing !== undefined) {
      const before = index === 0 ? '' : '; those before it have run';
      throw new ParameterError(`the object has no value for $${missing} in statement ${index + 1} of ${this.count}${before}. Pass null for SQL NULL`);
    }
    return Object.fromEntries(keys.map((key) => [key, given[key]]));
  }

  private get keys(): readonly string[] {
    return Array.isArray(this.given) ? [] : Object.keys(this.given);
  }

  /** Throws for a name that stands in the text without being a parameter of the script, as in PREPARE. Only the prepared statements tell. */
  private checkUse(): void {
    const unused = this.keys.find((key) => !this.used.has(key));
    if (unused === undefined) return;
    throw new ParameterError(`no statement of the script has a parameter $${unused}; those before the last have run`);
  }
}
