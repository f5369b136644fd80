import * as fs from 'fs';
import * as path from 'path';

/** The contents of a lock file that `duckdb-extensions lock` has written. */
interface LockContent {
  readonly version: number;
  readonly duckdbVersion: string;
  readonly baseImage?: { reference: string; digest: string };
  readonly nodeApi: { [name: string]: { version: string; integrity: string } };
  readonly extensions: { [platform: string]: { [name: string]: { sha256: string } } };
}

const CLIENT = '@duckdb/node-api';

/** A lock file. Synthesis checks a function's image against it as far as possible; the image build checks the rest. */
export class LockFile {
  /** Its content as text, with LF line ends. */
  public readonly text: string;

  private readonly content: LockContent;

  constructor(private readonly file: string) {
    const resolved = path.resolve(file);
    if (!fs.existsSync(resolved)) {
      throw new Error(`cannot find the lock file "${file}": looked for ${resolved}; write it with: `
        + `npx duckdb-extensions lock --lock ${file} --platform linux_arm64 httpfs`);
    }
    this.text = fs.readFileSync(resolved, 'utf8').replace(/\r\n/g, '\n');
    this.content = parse(this.text, file);
  }

  /** The exact version of `@duckdb/node-api` that the file pins. */
  public get nodeApiVersion(): string {
    return this.content.nodeApi[CLIENT].version;
  }

  /** The base image with its digest; the reference itself if the lock file does not pin an image. */
  public pinBaseImage(reference: string | undefined): string | undefined {
    const pinned = this.content.baseImage;
    if (!pinned) return reference;
    const image = `${pinned.reference}@${pinned.digest}`;
    if (reference !== undefined && reference !== pinned.reference && reference !== image) {
      throw new Error(`the baseImage is "${reference}", but the lock file "${this.file}" pins "${image}"; `
        + `pin yours with: npx duckdb-extensions lock --lock ${this.file} --update --base-image ${reference}`);
    }
    return image;
  }

  /** Throws unless each extension is pinned for the platform. */
  public expectExtensions(names: string[], platform: string): void {
    const missing = names.filter((name) => !this.content.extensions[platform]?.[name]);
    if (missing.length > 0) {
      throw new Error(`the lock file "${this.file}" does not pin ${missing.join(', ')} for ${platform}; `
        + `add with: npx duckdb-extensions lock --lock ${this.file} --platform ${platform} ${missing.join(' ')}`);
    }
  }

  /**
   * npm's lock file for a package that depends only on the client, for Linux.
   *
   * @param root what the package's package.json says
   * @param arch `x64` or `arm64`
   */
  public npmLockFile(root: object, arch: string): object {
    const bindings = '@duckdb/node-bindings';
    const native = `${bindings}-linux-${arch}`;
    return {
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': root,
        [`node_modules/${CLIENT}`]: { ...this.pinned(CLIENT), dependencies: { [bindings]: this.pinned(bindings).version } },
        [`node_modules/${bindings}`]: { ...this.pinned(bindings), optionalDependencies: { [native]: this.pinned(native).version } },
        [`node_modules/${native}`]: { ...this.pinned(native), optional: true, os: ['linux'], cpu: [arch] },
      },
    };
  }

  private pinned(name: string): { version: string; integrity: string } {
    const entry = this.content.nodeApi[name];
    if (!entry) {
      throw new Error(`the lock file "${this.file}" does not pin ${name}; `
      + `add it with: npx duckdb-extensions lock --lock ${this.file} --platform ${name.endsWith('arm64') ? 'linux_arm64' : 'linux_amd64'}`);
    }
    return entry;
  }
}

function parse(text: string, file: string): LockContent {
  let content: LockContent;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new Error(`the lock file "${file}" is not valid JSON: ${(error as Error).message}`);
  }
  if (content.version !== 1 || !content.extensions || !content.nodeApi?.[CLIENT]) {
    throw new Error(`"${file}" is not a lock file that this version of cdk-duckdb-lambda can read; write one with: npx duckdb-extensions lock --lock ${file}`);
  }
  return content;
}
