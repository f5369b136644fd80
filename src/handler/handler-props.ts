import * as path from 'path';
import { IConstruct } from 'constructs';
import { DuckDbBundlingOptions } from '../bundling-options';

/** A handler and how it is bundled. */
export interface HandlerProps {
  /** The app that the function is part of. */
  readonly app: IConstruct;
  /** The handler's source file, absolute. */
  readonly entry: string;
  /** The handler's exported name. */
  readonly handler: string;
  /** The root of the handler's project, absolute. */
  readonly projectRoot: string;
  /** The lock file of the handler's project, if it has one. */
  readonly depsLockFile?: string;
  /** The image that the function's image is based on. */
  readonly baseImage: string;
  readonly bundling: DuckDbBundlingOptions;
}

/** The entry as messages name it. */
export function relativeEntry({ entry }: HandlerProps): string {
  return path.relative(process.cwd(), entry);
}
