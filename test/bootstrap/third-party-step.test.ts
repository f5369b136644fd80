import { Annotations, Stack } from 'aws-cdk-lib';
import { Annotations as Found, Match, Template } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import {
  BootstrapStepConfig, DuckDbExtension, DuckDbFunction, IBootstrapStep, IDuckDbFunction, IDuckDbHost, SecretSource,
} from '../../src';
import { ENTRY, runtimeConfig, unbundledStack } from '../duckdb-function/unbundled';

interface WeatherStepProps {
  readonly stations: dynamodb.ITable;
  readonly token: SecretSource;
  /** What guards the server; the function may reach the port of any host unless given. */
  readonly server?: ec2.IConnectable;
}

/** As another package would have it: of this library it knows what is exported, and of the function what the interface says. */
class WeatherStep implements IBootstrapStep {
  public readonly name = 'weather';
  public readonly extensions = [DuckDbExtension.core('httpfs')];

  constructor(private readonly props: WeatherStepProps) {}

  public bind(host: IDuckDbHost): BootstrapStepConfig {
    const { stations, token, server } = this.props;
    stations.grantReadData(host);
    host.addRequiredEndpoint({ service: 'dynamodb', region: stations.env.region });
    if (!server || !host.isInVpc) host.allowToAnyHost(ec2.Port.tcp(8443), 'the weather service');
    else host.connections.allowTo(server, ec2.Port.tcp(8443), 'the weather service');
    if (!host.isInVpc) Annotations.of(host).addWarningV2('weather:vpc', `${host.node.path} reaches the weather service by the internet`);
    return {
      type: 'weather',
      provides: ['weather'],
      config: { table: stations.tableName, stack: Stack.of(host).stackName, role: host.executionRole?.roleName, token: token.bind(host) },
    };
  }
}

let stack: Stack;
let stations: dynamodb.ITable;
let token: SecretSource;

beforeEach(() => {
  stack = unbundledStack();
  stations = dynamodb.Table.fromTableName(stack, 'Stations', 'stations');
  token = SecretSource.fromSsmParameter(ssm.StringParameter.fromSecureStringParameterAttributes(stack, 'Token', { parameterName: '/weather/token' }));
});

function declare(vpc?: ec2.IVpc, server?: ec2.IConnectable): IDuckDbFunction {
  return new DuckDbFunction(stack, 'Reports', { entry: ENTRY, vpc, bootstrap: [new WeatherStep({ stations, token, server })] });
}

const vpc = () => ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
  vpcId: 'vpc-0123456789abcdef0', availabilityZones: ['a'], privateSubnetIds: ['subnet-0123456789abcdef0'], privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
});

describe('a step of another package', () => {
  test('brings its extension, and tells the runtime what its handler needs', () => {
    const fn = declare() as DuckDbFunction;
    expect(fn.extensions).toEqual(['httpfs']);
    expect(runtimeConfig(stack)).toMatchObject({
      extensions: ['httpfs'],
      steps: [{
        name: 'weather', type: 'weather', provides: ['weather'], config: { table: 'stations', stack: 'Stack', role: '*', token: { ssm: '/weather/token' } },
      }],
    });
  });

  test('grants the function what it takes, its secret too', () => {
    declare();
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Action: Match.arrayWith(['dynamodb:Query', 'dynamodb:GetItem']), Effect: 'Allow' }),
          Match.objectLike({ Action: 'ssm:GetParameter', Effect: 'Allow' }),
        ],
      },
    });
  });

  test('notes the services that it calls, beside those of its secret', () => {
    expect((declare() as DuckDbFunction).requiredEndpoints).toEqual([{ service: 'dynamodb', region: 'eu-west-1' }, { service: 'ssm' }]);
  });

  test('outside of a VPC opens nothing, and can warn of that', () => {
    declare();
    Template.fromStack(stack).resourceCountIs('AWS::EC2::SecurityGroup', 0);
    Found.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp('Stack/Reports reaches the weather service by the internet'));
  });

  test('in a VPC opens its port', () => {
    declare(vpc());
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: [
        Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 443 }), Match.objectLike({ CidrIp: '0.0.0.0/0', FromPort: 8443, Description: 'the weather service' }),
      ],
    });
    Found.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('in a VPC opens its port to what has security groups, and the other\'s to the function', () => {
    declare(vpc(), ec2.SecurityGroup.fromSecurityGroupId(stack, 'Server', 'sg-0db0db0db'));
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', { GroupId: 'sg-0db0db0db', FromPort: 8443 });
    template.hasResourceProperties('AWS::EC2::SecurityGroup', { SecurityGroupEgress: Match.arrayWith([Match.objectLike({ FromPort: 443 })]) });
    template.hasResourceProperties('AWS::EC2::SecurityGroupEgress', { DestinationSecurityGroupId: 'sg-0db0db0db', FromPort: 8443 });
  });
});
