import { NetworkMode } from 'aws-cdk-lib/aws-ecr-assets';

/** How the image is built. */
export interface DuckDbImageBuildOptions {
  /**
   * Docker build arguments, visible as environment variables to the steps that install DuckDB and its extensions.
   *
   * They are part of the asset's hash, except for the proxy variables that Docker predefines and `NODE_EXTRA_CA_CERTS`. Anyone can read them in the
   * asset manifest and in the image's history, so they must not contain secrets. A URL with credentials is an error, and so is a value that is a CDK token
   * or has several lines.
   *
   * @default - none
   */
  readonly buildArgs?: { [name: string]: string };

  /**
   * The network of the build's `RUN` steps. Not part of the asset's hash.
   *
   * @default - Docker's own default
   */
  readonly networkMode?: NetworkMode;

  /**
   * A file with one or more certificates (PEM) that the build trusts in addition to the usual ones, for a proxy that re-signs TLS.
   *
   * It is a build secret: it is not in any layer, and not part of the asset's hash. Needs BuildKit.
   *
   * @default - none
   */
  readonly caBundle?: string;

  /**
   * Files with credentials for the build. They are not in any layer, log or template, and not part of the asset's hash. Needs BuildKit.
   *
   * @default - none
   */
  readonly buildSecrets?: DuckDbBuildSecrets;
}

/** Files with credentials that the build of an image may use. */
export interface DuckDbBuildSecrets {
  /**
   * A netrc file with the credentials of the extension repository: `machine HOST login USER password SECRET`. Without a login, the password is sent
   * as a bearer token.
   *
   * @default - none
   */
  readonly netrc?: string;

  /**
   * The npmrc file with which npm fetches DuckDB's client.
   *
   * @default - npm's defaults
   */
  readonly npmrc?: string;
}
