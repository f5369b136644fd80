import { App } from 'aws-cdk-lib';
import { ApiStack } from './stack';
import { WebsiteStack } from './website';

// `cdk deploy Api` is for callers who sign their requests, `cdk deploy Website` for everyone.
const app = new App();
const { url } = new ApiStack(app, 'Api');
new WebsiteStack(app, 'Website', { api: url });
