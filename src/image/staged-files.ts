import * as fs from 'fs';
import * as path from 'path';

/** The files whose line ends a checkout on Windows may have changed. */
const TEXT_FILE = /\.(?:js|mjs|cjs|json|sql|txt)$/;

/** Copies a tree, with LF line ends in text files. */
export function copyTree(source: string, target: string, wanted: (name: string) => boolean = () => true): void {
  for (const item of fs.readdirSync(source, { withFileTypes: true })) {
    const [from, to] = [path.join(source, item.name), path.join(target, item.name)];
    if (item.isDirectory()) copyTree(from, to, wanted);
    else if (wanted(item.name)) copyFile(from, to);
  }
}

/** Copies a file, with LF line ends if it is a text file, and makes the folders above it. */
export function copyFile(source: string, target: string): void {
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, TEXT_FILE.test(source) ? readText(source) : fs.readFileSync(source));
}

/** A file's text with LF line ends. */
export function readText(file: string): string {
  return fs.readFileSync(file, 'utf8').replace(/\r\n/g, '\n');
}
