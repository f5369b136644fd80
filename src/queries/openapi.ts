import * as fs from 'fs';
import * as path from 'path';
import { Names, Stage } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';

/** Writes the description of a function's API beside the templates, for tools that make clients and documentation. Returns its path. */
export function writeOpenApi(fn: IConstruct, document: string): string {
  const file = path.join(Stage.of(fn)!.outdir, `${Names.uniqueId(fn)}.openapi.json`);
  fs.writeFileSync(file, `${JSON.stringify(JSON.parse(document), undefined, 2)}\n`);
  return file;
}
