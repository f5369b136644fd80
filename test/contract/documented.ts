import * as fs from 'fs';
import * as path from 'path';
import * as cdk from 'aws-cdk-lib';
import * as library from '../../src';

/** A prop as its interface declares and documents it. */
export interface Documented {
  readonly isOptional: boolean;
  readonly type: string;
  /** The `@default` of its docstring. */
  readonly text?: string;
}

/** The props that an interface of `src` declares itself. */
export function documentedProps(file: string, name: string): { [prop: string]: Documented } {
  const source = fs.readFileSync(path.join(__dirname, '..', '..', 'src', file), 'utf8');
  const [, body] = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n(.*?)^\\}`, 'ms').exec(source)!;
  const props = [...body.matchAll(/^ {2}\/\*\*((?:(?!\*\/).)*)\*\/\n {2}readonly (\w+)(\??): ([^;]+);/gms)];
  return Object.fromEntries(props.map(([, comment, prop, mark, type]) => {
    const text = /@default ((?:(?!\n +\* @).)*)/s.exec(comment)?.[1].replace(/\s*\n +\*\s*/g, ' ').trim();
    return [prop, { isOptional: mark === '?', type, text }];
  }));
}

/** The value of a `@default`; undefined if the text describes the value instead, as in `- none`. */
export function valueOf({ text }: Documented): unknown {
  const expression = text!.split(/(?:^| )- /)[0];
  if (expression === '') return undefined;
  const scope = { Duration: cdk.Duration, ...library };
  return new Function(...Object.keys(scope), `return ${expression}`)(...Object.values(scope));
}
