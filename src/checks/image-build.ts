import { expectLiterals, expectObject, expectOptions, PropNames } from './expect';
import { DuckDbBuildSecrets, DuckDbImageBuildOptions } from '../image-build-options';

/** The options of the image's build. */
const IMAGE_BUILD: PropNames<DuckDbImageBuildOptions> = { buildArgs: true, networkMode: true, caBundle: true, buildSecrets: true };

const BUILD_SECRETS: PropNames<DuckDbBuildSecrets> = { netrc: true, npmrc: true };

/** Refuses unknown options of the image's build, and values that Docker could not use. */
export function checkImageBuild(imageBuild: DuckDbImageBuildOptions | undefined, at: string): void {
  expectOptions(imageBuild, `the imageBuild of ${at}`, IMAGE_BUILD);
  const { networkMode, caBundle, buildSecrets } = imageBuild ?? {};
  if (networkMode !== undefined) {
    expectObject(networkMode, 'mode', `the imageBuild of ${at} has the networkMode`, 'a NetworkMode such as NetworkMode.HOST');
    expectLiterals({ networkMode: [networkMode.mode, 'host'] }, `the imageBuild of ${at}`);
  }
  expectLiterals({ caBundle: [caBundle, 'certs/company.pem'] }, `the imageBuild of ${at}`);
  expectOptions(buildSecrets, `imageBuild.buildSecrets of ${at}`, BUILD_SECRETS);
  expectLiterals({ netrc: [buildSecrets?.netrc, '.netrc'], npmrc: [buildSecrets?.npmrc, '.npmrc'] }, `imageBuild.buildSecrets of ${at}`);
}

/** Refuses options of the image's build that are not in `imageBuild`. */
export function refuseImageBuildProps(props: object, what: string): void {
  const misplaced = Object.keys(props).find((prop) => prop in IMAGE_BUILD);
  if (misplaced === undefined) return;
  throw new Error(`${what} has the prop ${misplaced}, which is about the build of the image: move it to imageBuild, as in imageBuild: { ${misplaced}: ... }`);
}
