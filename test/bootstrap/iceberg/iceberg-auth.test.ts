import { Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { bound } from './iceberg-bed';
import { IcebergAuth, IcebergSource, LakeAccess, SecretSource } from '../../../src';
import { unbundledStack } from '../../duckdb-function/unbundled';

let stack: Stack;
let secret: SecretSource;

beforeEach(() => {
  stack = unbundledStack();
  secret = SecretSource.fromSsmParameter(StringParameter.fromSecureStringParameterAttributes(stack, 'Secret', { parameterName: '/catalog/secret' }));
});

const signedIn = (auth: IcebergAuth, url = 'https://catalog.example.com', access?: LakeAccess) => bound(stack, IcebergSource.rest(url, { auth }), { access });

test('none signs nothing and needs nothing', () => {
  const { step, statements } = signedIn(IcebergAuth.none());
  expect(step.config.auth).toEqual({ type: 'none' });
  expect(statements).toEqual([]);
});

test('a token stays in its secret', () => {
  const { step, statements, endpoints } = signedIn(IcebergAuth.token(secret));
  expect(step.config.auth).toEqual({ type: 'token', token: { ssm: '/catalog/secret' } });
  expect(statements).toEqual([expect.objectContaining({ Action: 'ssm:GetParameter' })]);
  expect(endpoints).toEqual([{ service: 'ssm' }]);
});

test.each(['reports', ''])('a client\'s secret stays in its secret, also without an id (%j)', (clientId) => {
  const client = SecretSource.fromSecretsManager(Secret.fromSecretNameV2(stack, 'Client', 'catalog/client'), 'secret');
  const auth = IcebergAuth.oauth2({ clientId, clientSecret: client, serverUri: 'https://auth.example.com/token', scope: 'catalog' });
  expect(signedIn(auth).step.config.auth).toEqual({
    type: 'oauth2',
    clientId,
    clientSecret: { secretsManager: expect.any(String), field: 'secret' },
    serverUri: 'https://auth.example.com/token',
    scope: 'catalog',
  });
});

describe('signatures', () => {
  const api = 'https://a1b2c3d4e5.execute-api.eu-north-1.amazonaws.com/prod';
  const methods = (...names: string[]) => names.map((name) => (
    { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:execute-api:eu-north-1:111111111111:a1b2c3d4e5/*/${name}/*`]] }
  ));

  test.each([[LakeAccess.READ, ['GET', 'HEAD']], [LakeAccess.WRITE, ['GET', 'HEAD', 'POST']]])(
    'for API Gateway: the role that may %s may send what that takes', (access, names) => {
      const { step, statements, endpoints } = signedIn(IcebergAuth.sigV4('execute-api', 'eu-north-1'), api, access);
      expect(step.config.auth).toEqual({ type: 'sigv4', service: 'execute-api', region: 'eu-north-1' });
      expect(statements).toEqual([{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: methods(...names) }]);
      expect(endpoints).toEqual([{ service: 'execute-api', region: 'eu-north-1' }]);
    });

  test('have the region of the API', () => {
    expect(signedIn(IcebergAuth.sigV4('execute-api'), api).step.config.auth).toEqual({ type: 'sigv4', service: 'execute-api', region: 'eu-north-1' });
    expect(() => signedInTo(api, IcebergAuth.sigV4('execute-api', 'us-east-1'))).toThrow('signs requests for the region "us-east-1", but the API of');
  });

  test('for another service or host grant nothing', () => {
    const { step, statements } = signedIn(IcebergAuth.sigV4('execute-api'));
    expect(step.config.auth).toEqual({ type: 'sigv4', service: 'execute-api' });
    expect(statements).toEqual([]);
    Annotations.fromStack(stack).hasWarning('/Stack/Reports', Match.stringLikeRegexp(
      'the IcebergStep "iceberg" signs requests for execute-api, but its URL does not name the API: grant execute-api:Invoke.*ack: cdk-duckdb-lambda:apiNotGranted'));
    expect(signedInTo('https://glue.eu-west-1.amazonaws.com/iceberg', IcebergAuth.sigV4('glue')).statements).toEqual([]);
  });

  function signedInTo(url: string, auth: IcebergAuth) {
    stack = unbundledStack();
    return signedIn(auth, url);
  }
});

test.each<[string, () => unknown, string]>([
  ['a token itself', () => IcebergAuth.token('hunter2' as any), 'IcebergAuth.token has a value that is not a SecretSource'],
  ['no token', () => IcebergAuth.token(undefined as any), 'IcebergAuth.token has nothing'],
  ['no options', () => IcebergAuth.oauth2(undefined as any), 'IcebergAuth.oauth2 has as props undefined'],
  ['no client', () => oauth2({ clientId: ' ' }), 'IcebergAuth.oauth2 has the clientId " "'],
  ['a secret itself', () => oauth2({ clientSecret: 'hunter2' }), 'IcebergAuth.oauth2 has as clientSecret a value that is not a SecretSource'],
  ['a server without a scheme', () => oauth2({ serverUri: 'auth.example.com' }), 'IcebergAuth.oauth2 has as serverUri "auth.example.com": expected a URL'],
  ['a server with credentials', () => oauth2({ serverUri: 'https://a:hunter2@auth.example.com' }), 'IcebergAuth.oauth2 has as serverUri a URL with credentials'],
  ['a server without encryption', () => oauth2({ serverUri: 'http://auth.example.com' }), 'to which the client\'s secret would be sent unencrypted'],
  ['a blank scope', () => oauth2({ scope: ' ' }), 'IcebergAuth.oauth2 has the scope " "'],
  ['a misspelt option', () => oauth2({ clientID: 'x' }), 'has the prop "clientID", which it does not know'],
  ['no service', () => IcebergAuth.sigV4(''), 'IcebergAuth.sigV4 has the service ""'],
  ['a host for a service', () => IcebergAuth.sigV4('glue.eu-west-1.amazonaws.com'), 'expected its name in signatures, such as "execute-api"'],
  ['a zone for a region', () => IcebergAuth.sigV4('glue', 'eu-west-1a'), 'IcebergAuth.sigV4 has the region "eu-west-1a"'],
])('%s is refused', (_, make, message) => {
  expect(make).toThrow(message);
  expect(make).not.toThrow(/hunter2/);
});

function oauth2(options: object): IcebergAuth {
  return IcebergAuth.oauth2({ clientId: 'reports', clientSecret: secret, serverUri: 'https://auth.example.com/token', ...options });
}
