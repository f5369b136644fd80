import { expectOptions, PropNames } from './expect';
import { DuckDbBuildSecrets, DuckDbImageBuildOptions } from '../image-build-options';

/** The options of the image's build. */
export const IMAGE_BUILD: PropNames<DuckDbImageBuildOptions> = { buildArgs: true, networkMode: true, caBundle: true, buildSecrets: true };

const BUILD_SECRETS: PropNames<DuckDbBuildSecrets> = { netrc: true, npmrc: true };

/** Refuses unknown options of the image's build, and unknown build secrets. */
export function checkImageBuild(imageBuild: DuckDbImageBuildOptions | undefined, at: string): void {
  expectOptions(imageBuild, `the imageBuild of ${at}`, IMAGE_BUILD);
  expectOptions(imageBuild?.buildSecrets, `imageBuild.buildSecrets of ${at}`, BUILD_SECRETS);
}
