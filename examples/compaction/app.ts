import { App } from 'aws-cdk-lib';
import { CompactionStack } from './stack';

const app = new App();
new CompactionStack(app, 'Compaction', { lake: app.node.tryGetContext('lake') ?? 'my-data-lake' });
