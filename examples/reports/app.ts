import { App } from 'aws-cdk-lib';
import { DatabaseStack } from './database';
import { ReportsStack } from './stack';

const app = new App();
const { vpc, replica } = new DatabaseStack(app, 'Database');
new ReportsStack(app, 'Reports', { lake: app.node.tryGetContext('lake') ?? 'my-data-lake', vpc, replica });
