import { App } from 'aws-cdk-lib';
import { SalesStack } from './stack';

const app = new App();
new SalesStack(app, 'Sales', { lake: app.node.tryGetContext('lake') ?? 'my-data-lake' });
