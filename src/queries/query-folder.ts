import * as fs from 'fs';
import * as path from 'path';
import { Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { didYouMean } from '../checks/did-you-mean';
import { expectLiterals, shown } from '../checks/expect';

/** The absolute path of a function's query folder. Throws if it is not a folder, or is mixed up with what CDK writes. */
export function resolveQueryFolder(scope: IConstruct, queries: string, at: string): string {
  if (queries === undefined) throw new Error(`${at} has no queries: name the folder of its .sql files, as in queries: 'queries'`);
  expectLiterals({ queries: [queries, 'queries'] }, at);
  const folder = path.resolve(queries);
  const found = fs.statSync(folder, { throwIfNoEntry: false });
  if (!found) {
    throw new Error(`cannot find the folder of the queries of ${at}, ${shown(queries)}: no such folder in ${path.dirname(folder)}`
      + didYouMean(path.basename(folder), foldersIn(path.dirname(folder)), path.dirname(queries)));
  }
  if (!found.isDirectory()) {
    throw new Error(`${at} has as queries the file ${shown(queries)}: expected the folder that contains it, such as ${shown(path.dirname(queries))}`);
  }
  expectOutside(scope, folder, `${at} has the queries ${shown(queries)}`);
  return folder;
}

/** Refuses a folder that has files of the app's output: copies of queries from earlier syntheses would become queries. */
function expectOutside({ node }: IConstruct, folder: string, what: string): void {
  const output = Stage.isStage(node.root) ? path.resolve(node.root.outdir) : undefined;
  if (output === undefined) return;
  if (isWithin(output, folder)) throw new Error(`${what}, which contains the app's output directory ${output}: give the queries a folder of their own`);
  if (isWithin(folder, output)) throw new Error(`${what}, which is in the app's output directory ${output}: keep the queries among your sources`);
}

function isWithin(inner: string, outer: string): boolean {
  const relative = path.relative(outer, inner);
  return relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}

function foldersIn(directory: string): string[] {
  if (!fs.existsSync(directory)) return [];
  return fs.readdirSync(directory, { withFileTypes: true }).filter((item) => item.isDirectory()).map(({ name }) => name);
}
