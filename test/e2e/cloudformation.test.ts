import { readConfig } from '../../lib-runtime/base/config';
import { startAws, type AwsServer } from '../bed';
import { describeWith } from '../bed/require';
import { EXAMPLES, synthesisedExample, templateFile } from '../examples/synthesised';
import { boto } from '../lib-runtime/boto';

/** Deploys templates in order, as the CDK CLI does into a bootstrapped account, and describes what came of them. */
const DEPLOY = `
boto3.client('ssm').put_parameter(Name='/cdk-bootstrap/hnb659fds/version', Value='27', Type='String')
cloudformation = boto3.client('cloudformation')
states = {}
for name, file in STACKS:
    cloudformation.create_stack(StackName=name, TemplateBody=open(file).read(), Capabilities=['CAPABILITY_IAM'])
    states[name] = cloudformation.describe_stacks(StackName=name)['Stacks'][0]['StackStatus']
[fn] = boto3.client('lambda').list_functions()['Functions']
role = fn['Role'].split('/')[-1]
iam = boto3.client('iam')
policies = [iam.get_role_policy(RoleName=role, PolicyName=name) for name in iam.list_role_policies(RoleName=role)['PolicyNames']]
replicas = [db for db in boto3.client('rds').describe_db_instances()['DBInstances'] if 'ReadReplicaSourceDBInstanceIdentifier' in db]
groups = boto3.client('ec2').describe_security_groups()['SecurityGroups']
print(json.dumps({
    'states': states,
    'function': fn,
    'statements': [statement for policy in policies for statement in policy['PolicyDocument']['Statement']],
    'endpoints': [db['Endpoint'] for db in replicas],
    'ingress': [permission for group in groups for permission in group['IpPermissions']],
}, default=str))
`;

const PARAMETERS = 'arn:aws:ssm:eu-west-1:123456789012:parameter';

describeWith('aws', 'the example with PostgreSQL in a VPC, deployed into a stand-in of CloudFormation', () => {
  let aws: AwsServer;
  let deployed: any;

  beforeAll(async () => {
    aws = await startAws();
    const assembly = await synthesisedExample('reports');
    const stacks = EXAMPLES.reports.map((stack) => [stack, templateFile(assembly, stack)]);
    deployed = await boto(aws, `STACKS = ${JSON.stringify(stacks)}\n${DEPLOY}`);
  }, 180_000);
  afterAll(() => aws.stop());

  test('is created', () => {
    expect(deployed.states).toEqual({ Database: 'CREATE_COMPLETE', Reports: 'CREATE_COMPLETE' });
    expect(deployed.function).toMatchObject({ MemorySize: 1769, Timeout: 30 });
  });

  test('tells the runtime where the database is', () => {
    const [{ Address: host, Port: port }] = deployed.endpoints;
    const { steps } = readConfig(deployed.function.Environment.Variables);
    expect(steps.map(({ name }) => name)).toEqual(['s3', 'postgres', 'motherduck']);
    expect(steps[1].config).toMatchObject({ host, port, database: 'app', password: { ssm: '/app/reader-password' } });
  });

  test('may do what its steps need, and nothing else', () => {
    expect(deployed.statements).toEqual([
      { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::my-data-lake/orders/*' },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::my-data-lake', Condition: { StringLike: { 's3:prefix': ['orders/*'] } } },
      { Effect: 'Allow', Action: 'ssm:GetParameter', Resource: `${PARAMETERS}/app/reader-password` },
      { Effect: 'Allow', Action: 'ssm:GetParameter', Resource: `${PARAMETERS}/motherduck/token` },
    ]);
  });

  test('reaches the database\'s port from its own security group', () => {
    const [group] = deployed.function.VpcConfig.SecurityGroupIds;
    expect(deployed.ingress).toEqual([expect.objectContaining({
      IpProtocol: 'tcp', FromPort: 5433, ToPort: 5433, UserIdGroupPairs: [expect.objectContaining({ GroupId: group })],
    })]);
  });
});
