import { App } from 'aws-cdk-lib';
import { IcebergStack } from './stack';

// `cdk synth` uses S3 Tables. `cdk synth -c catalog=https://… -c warehouse=my-bucket` uses another REST catalog.
const app = new App();
const [url, warehouse] = ['catalog', 'warehouse'].map((name) => app.node.tryGetContext(name));
new IcebergStack(app, 'Iceberg', { rest: url && { url, warehouse } });
