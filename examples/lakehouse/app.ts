import { App } from 'aws-cdk-lib';
import { DatabaseStack } from './database';
import { LakehouseStack } from './stack';

const app = new App();
const { vpc, database } = new DatabaseStack(app, 'LakehouseDatabase');
new LakehouseStack(app, 'Lakehouse', { arrivals: app.node.tryGetContext('arrivals') ?? 'my-arrivals', vpc, database });
