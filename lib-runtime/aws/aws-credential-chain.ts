/** A separate chunk, which is loaded only if the environment has no credentials or region. Evaluating the SDK takes tens of milliseconds. */
export { defaultProvider } from '@aws-sdk/credential-provider-node';
export { loadConfig, NODE_REGION_CONFIG_FILE_OPTIONS, NODE_REGION_CONFIG_OPTIONS } from '@smithy/core/config';
