/** A part of the Dockerfile that not every image has. */
export type DockerfileSection = 'node modules' | 'queries';

/** The handler of an image, and what it needs in the build context. */
export interface ImageHandler {
  /** The file and the export that Lambda calls, such as `index.handler`. */
  readonly command: string;
  /** The parts of the Dockerfile that it needs beside those of every image. */
  readonly sections: DockerfileSection[];
  /** Writes its files into the build context. */
  stage(context: string): void;
}
