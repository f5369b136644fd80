import { App } from 'aws-cdk-lib';
import { ScaleOutStack } from './stack';

const app = new App();
new ScaleOutStack(app, 'ScaleOut', { lake: app.node.tryGetContext('lake') ?? 'my-data-lake' });
