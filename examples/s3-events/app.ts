import { App } from 'aws-cdk-lib';
import { S3EventsStack } from './stack';
import { DatabaseStack } from '../lakehouse/database';

const app = new App();
const { vpc, database } = new DatabaseStack(app, 'S3EventsDatabase');
new S3EventsStack(app, 'S3Events', { vpc, database });
