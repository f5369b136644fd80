/** A chunk of its own, loaded only where credentials or a region are not in the environment: evaluating the SDK takes tens of milliseconds. */
export { defaultProvider } from '@aws-sdk/credential-provider-node';
export { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config';
