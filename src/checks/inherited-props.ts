import * as fs from 'fs';
import * as path from 'path';
import { didYouMean } from './did-you-mean';
import { PropNames } from './expect';

/**
 * Refuses misspelt props of an interface that extends one of aws-cdk-lib.
 *
 * A newer aws-cdk-lib has props that this library does not know, so a prop that is not close to a known name is accepted.
 *
 * @param ours         the names that this library adds
 * @param declarations the files of the installed aws-cdk-lib that declare the others
 */
export function expectInheritedProps(props: object, ours: PropNames<object>, declarations: string[], what: string): void {
  const unknown = Object.keys(props).filter((prop) => !(prop in ours));
  if (unknown.length === 0) return;
  const inherited = declarations.flatMap(declaredProps);
  const names = [...Object.keys(ours), ...inherited];
  for (const prop of unknown.filter((each) => !inherited.includes(each))) {
    const nearest = didYouMean(prop, names);
    if (nearest !== '') throw new Error(`${what} has the prop ${JSON.stringify(prop)}, which it does not know${nearest}`);
  }
}

const declared = new Map<string, string[]>();

/** The props of a file's interfaces; none if the file cannot be read, as in an app that is bundled into one file. */
function declaredProps(file: string): string[] {
  const names = declared.get(file) ?? readProps(file);
  declared.set(file, names);
  return names;
}

function readProps(file: string): string[] {
  try {
    const text = fs.readFileSync(path.join(path.dirname(require.resolve('aws-cdk-lib/package.json')), file), 'utf8');
    return [...text.matchAll(/^\s*readonly (\w+)\??:/gm)].map(([, name]) => name);
  } catch {
    return [];
  }
}
