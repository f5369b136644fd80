import { App } from 'aws-cdk-lib';
import { ScheduledExportStack } from './stack';

const app = new App();
new ScheduledExportStack(app, 'ScheduledExport', { lake: app.node.tryGetContext('lake') ?? 'my-data-lake' });
