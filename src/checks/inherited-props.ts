import * as fs from 'fs';
import * as path from 'path';
import { didYouMean } from './did-you-mean';
import { PropNames } from './expect';

/** An interface of the installed aws-cdk-lib, and the files that declare it and its bases. */
export interface InheritedInterface {
  readonly name: string;
  readonly files: string[];
}

/** The options of a metric. */
export const METRIC_OPTIONS: InheritedInterface = { name: 'MetricOptions', files: ['aws-cloudwatch/lib/metric.d.ts'] };

/**
 * Refuses unknown props of an interface that extends one of aws-cdk-lib.
 *
 * If the declarations of aws-cdk-lib cannot be read, as in an app that is bundled into one file, only props close to a known name are refused.
 *
 * @param ours        the names that this library adds
 * @param mayHaveMore whether other props than the known ones are accepted, unless they are close to a known name
 */
export function expectInheritedProps(props: object, ours: PropNames<object>, theirs: InheritedInterface, what: string, mayHaveMore = false): void {
  const notOurs = Object.keys(props).filter((prop) => !(prop in ours));
  if (notOurs.length === 0) return;
  const inherited = inheritedProps(theirs);
  const names = [...Object.keys(ours), ...inherited ?? []];
  for (const prop of notOurs.filter((each) => !names.includes(each))) {
    const nearest = didYouMean(prop, names);
    if (nearest === '' && (mayHaveMore || inherited === undefined)) continue;
    throw new Error(`${what} has the prop ${JSON.stringify(prop)}, which it does not know${nearest || '; remove it'}`);
  }
}

interface Declaration {
  readonly bases: string[];
  readonly props: string[];
}

const known = new Map<string, string[] | undefined>();

/** The props of an interface and its bases; undefined if the files do not declare all of them. */
function inheritedProps({ name, files }: InheritedInterface): string[] | undefined {
  if (!known.has(name)) known.set(name, propsOf(name, new Map(files.flatMap(declarations))));
  return known.get(name);
}

function propsOf(name: string, declared: Map<string, Declaration>): string[] | undefined {
  const declaration = declared.get(name);
  const props = declaration?.bases.map((base) => propsOf(base, declared));
  return props?.includes(undefined) ? undefined : props && [...declaration!.props, ...props.flatMap((each) => each!)];
}

/** The interfaces that a file declares; none if it cannot be read. */
function declarations(file: string): [string, Declaration][] {
  try {
    const text = fs.readFileSync(path.join(path.dirname(require.resolve('aws-cdk-lib/package.json')), file), 'utf8');
    return [...text.matchAll(/^export interface (\w+)(?: extends ([^{]+))? \{\r?\n([^]*?)^\}/gm)].map(([, name, bases, body]) => [name, {
      bases: bases?.split(',').map((base) => base.trim()) ?? [],
      props: [...body.matchAll(/^\s*readonly (\w+)\??:/gm)].map(([, prop]) => prop),
    }]);
  } catch {
    return [];
  }
}
