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

const SOURCES = path.join(__dirname, '..', '..', 'src');

/** The props that an interface of `src` declares, after those of the interfaces of `src` that it extends. */
export function documentedProps(file: string, name: string): { [prop: string]: Documented } {
  const source = fs.readFileSync(path.join(SOURCES, file), 'utf8');
  const [, bases, body] = new RegExp(`^export interface ${name}\\b(?: extends ([^{]+))?[^{]*\\{\\n(.*?)^\\}`, 'ms').exec(source)!;
  const props = [...body.matchAll(/^ {2}\/\*\*((?:(?!\*\/).)*)\*\/\n {2}readonly (\w+)(\??): ([^;]+);/gms)];
  const own = props.map(([, comment, prop, mark, type]) => {
    const text = /@default ((?:(?!\n +\* @).)*)/s.exec(comment)?.[1].replace(/\s*\n +\*\s*/g, ' ').trim();
    return [prop, { isOptional: mark === '?', type, text }];
  });
  return Object.assign({}, ...(bases?.split(',') ?? []).map((base) => inherited(base.trim())), Object.fromEntries(own));
}

function inherited(name: string): { [prop: string]: Documented } {
  const declares = new RegExp(`^export interface ${name}\\b`, 'm');
  const files = fs.readdirSync(SOURCES, { encoding: 'utf8', recursive: true }).filter((file) => file.endsWith('.ts'));
  const file = files.find((each) => declares.test(fs.readFileSync(path.join(SOURCES, each), 'utf8')));
  return file === undefined ? {} : documentedProps(file, name);
}

/** The value of a `@default`; undefined if the text describes the value instead, as in `- none`. */
export function valueOf({ text }: Documented): unknown {
  const expression = text!.split(/(?:^| )- /)[0];
  if (expression === '') return undefined;
  const scope = { Duration: cdk.Duration, ...library };
  return new Function(...Object.keys(scope), `return ${expression}`)(...Object.values(scope));
}
