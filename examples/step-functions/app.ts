import { App } from 'aws-cdk-lib';
import { LargeOrdersStack } from './stack';

const app = new App();
new LargeOrdersStack(app, 'LargeOrders', { lake: app.node.tryGetContext('lake') ?? 'my-data-lake' });
