import { App } from 'aws-cdk-lib';
import { NightlyEtlStack } from './stack';
import { DatabaseStack } from '../lakehouse/database';

const app = new App();
const { vpc, database } = new DatabaseStack(app, 'NightlyEtlDatabase');
const [lake = 'my-data-lake', replica = 'replica.example.com'] = ['lake', 'replica'].map((name) => app.node.tryGetContext(name));
new NightlyEtlStack(app, 'NightlyEtl', { lake, replica, vpc, catalog: database });
