// Checks the examples with cdk-nag 3, as a platform team would. cdk-nag 3 needs a newer aws-cdk-lib than the examples.
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { DatabaseStack } from './reports/database';
import { ReportsStack } from './reports/stack';
import { SalesStack } from './sales/stack';

const lake = 'my-data-lake';
const app = new App();
const { vpc, replica } = new DatabaseStack(app, 'Database');
const { reports } = new ReportsStack(app, 'Reports', { lake, vpc, replica });
const { sales } = new SalesStack(app, 'Sales', { lake });

const managedPolicy = (policy: string) => ({
  id: `AwsSolutions::AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/${policy}]`,
  reason: 'CDK gives it to every function: logs, and network interfaces in a VPC.',
});
const orders = {
  id: `AwsSolutions::AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::${lake}/orders/*]`,
  reason: 'The function reads all orders, and new ones come every month.',
};
Validations.of(sales).acknowledge(managedPolicy('AWSLambdaBasicExecutionRole'), orders);
Validations.of(reports).acknowledge(managedPolicy('AWSLambdaBasicExecutionRole'), managedPolicy('AWSLambdaVPCAccessExecutionRole'), orders);
Validations.of(replica).acknowledge(
  { id: 'AwsSolutions::AwsSolutions-RDS11', reason: 'The port is 5433: the rule does not know a replica\'s engine.' },
  { id: 'AwsSolutions::AwsSolutions-RDS2', reason: 'A replica is encrypted as its source is.' },
);

Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
app.synth();
