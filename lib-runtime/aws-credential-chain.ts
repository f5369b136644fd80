/** A chunk of its own, loaded only where credentials are not in the environment: evaluating the SDK takes tens of milliseconds. */
export { defaultProvider } from '@aws-sdk/credential-provider-node';
