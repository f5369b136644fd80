/** A chunk of its own, loaded only on laptops and in unit tests, and where SQL loads httpfs itself. */
export { EnvironmentS3Step } from '../bootstrap/environment-s3';
export { OnDemandExtensions } from './on-demand-extensions';
