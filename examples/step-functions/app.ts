import { App } from 'aws-cdk-lib';
import { OpenOrdersStack } from './stack';

const app = new App();
new OpenOrdersStack(app, 'OpenOrders', { lake: app.node.tryGetContext('lake') ?? 'my-data-lake' });
