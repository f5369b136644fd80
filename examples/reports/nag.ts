// The app as a platform team would check it, by cdk-nag 3, which takes aws-cdk-lib 2.257 or later.
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { DatabaseStack } from './database';
import { ReportsStack } from './stack';

const app = new App();
const { vpc, replica } = new DatabaseStack(app, 'Database');
const { reports } = new ReportsStack(app, 'Reports', { lake: 'my-data-lake', vpc, replica });

Validations.of(replica).acknowledge(
  { id: 'AwsSolutions::AwsSolutions-RDS11', reason: 'The port is 5433: the rule knows no replica\'s engine.' },
  { id: 'AwsSolutions::AwsSolutions-RDS2', reason: 'A replica is encrypted as its source is.' },
);
Validations.of(reports).acknowledge(
  ...['AWSLambdaBasicExecutionRole', 'AWSLambdaVPCAccessExecutionRole'].map((policy) => ({
    id: `AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/${policy}]`,
    reason: 'CDK gives them to every function in a VPC: logs and network interfaces.',
  })),
  {
    id: 'AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::my-data-lake/orders/*]',
    reason: 'The function reads all orders, and new ones come every month.',
  },
);

Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
