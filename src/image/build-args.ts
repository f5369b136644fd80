import { Token } from 'aws-cdk-lib';
import { shown } from '../checks/expect';
import { holdsCredentials } from '../checks/url-credentials';

/** The library's own build arguments, each with the prop that decides it. */
const OWN: { [name: string]: string } = {
  BASE_IMAGE: 'baseImage',
  BUILD_IMAGE: 'buildImage',
  DUCKDB_VERSION: 'nodeApiVersion',
  DUCKDB_PLATFORM: 'architecture',
  TARGET_ARCH: 'architecture',
  EXTENSIONS: 'extensions',
  EXTENSION_SOURCE: 'extensionRepository',
  INSTALL_OPTIONS: 'lockFile and imageBuild.buildSecrets',
};

const PROXY = /^(?:https?|ftp|all)_proxy$/i;

/** Whether an argument is predefined by Docker, or only describes how this machine reaches the network. */
export function isOfTheNetwork(name: string): boolean {
  return PROXY.test(name) || /^(?:no_proxy|node_extra_ca_certs)$/i.test(name);
}

/** Refuses build arguments of the user that are the library's own, that would break the Dockerfile, that only a deployment knows, or that would show a secret. */
export function checkBuildArgs(buildArgs: { [name: string]: string }): void {
  for (const [name, value] of Object.entries(buildArgs)) {
    // The name becomes a line of the Dockerfile.
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw new Error(`imageBuild.buildArgs has the name ${shown(name)}: expected letters, digits and underscores, such as "FLAVOUR"`);
    }
    if (Object.keys(OWN).includes(name)) throw new Error(`the build argument ${name} is the library's own: set the prop ${OWN[name]} instead`);
    // The error does not show the value, because it may be a secret.
    if (typeof value !== 'string') throw new Error(`the build argument ${name} is ${typeof value === 'object' ? 'an object' : `a ${typeof value}`}: expected a string`);
    if (Token.isUnresolved(value)) {
      throw new Error(`the build argument ${name} is a CDK token: expected a literal, because the image is built before the stack is deployed`);
    }
    if (/[\r\n]/.test(value)) {
      throw new Error(`the build argument ${name} has a line break: expected one line; certificates belong in imageBuild.caBundle`);
    }
    // A proxy may be named without a scheme.
    if (holdsCredentials(value) || (PROXY.test(name) && value.includes('@'))) {
      throw new Error(`the build argument ${name} is a URL with credentials, which would be readable in the asset manifest: remove them; `
        + 'a proxy\'s credentials belong in "proxies" of Docker\'s own config.json');
    }
  }
}
