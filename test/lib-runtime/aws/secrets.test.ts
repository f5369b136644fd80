import { inspect } from 'node:util';
import { readSecret, readSecretFields, secretReference } from '../../../lib-runtime/aws/secrets';
import { scrub } from '../../../lib-runtime/base/redaction';
import { startAws, type AwsServer } from '../../bed';
import { describeWith } from '../../bed/require';
import { boto } from '../boto';
import { type Front, frontOf } from '../front';
import { rejection } from '../rejection';
import { says } from '../says';

const ACCOUNT = `
iam, ssm, secrets = (boto3.client(name) for name in ('iam', 'ssm', 'secretsmanager'))
def user(name):
  iam.create_user(UserName=name)
  key = iam.create_access_key(UserName=name)['AccessKey']
  return {'AWS_ACCESS_KEY_ID': key['AccessKeyId'], 'AWS_SECRET_ACCESS_KEY': key['SecretAccessKey']}
function, stranger = user('function'), user('stranger')
statement = {'Effect': 'Allow', 'Action': ['ssm:GetParameter', 'secretsmanager:GetSecretValue'], 'Resource': '*'}
iam.put_user_policy(UserName='function', PolicyName='read', PolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': [statement]}))
ssm.put_parameter(Name='/app/password', Value='open sesame', Type='SecureString')
ssm.put_parameter(Name='/app/notes', Value='not "json" at all', Type='String')
arn = secrets.create_secret(Name='db', SecretString=json.dumps({'username': 'reader', 'password': "it's \\"quoted\\"", 'port': 5432}))['ARN']
binary = secrets.create_secret(Name='binary', SecretBinary=b'bytes')['ARN']
boto3.client('ssm', region_name='us-east-2').put_parameter(Name='/app/far', Value='far away', Type='String')
print(json.dumps({'function': function, 'stranger': stranger, 'arn': arn, 'binary': binary}))`;
const REQUESTS = 10;

describeWith('aws', 'secrets', () => {
  let aws: AwsServer;
  let front: Front;
  let account: { function: Record<string, string>; stranger: Record<string, string>; arn: string; binary: string };
  const outside = { ...process.env };

  beforeAll(async () => {
    aws = await startAws({ iam: true });
    await aws.allowUnchecked(REQUESTS);
    account = await boto(aws, ACCOUNT);
    front = await frontOf(aws.endpoint);
  });
  afterAll(async () => {
    process.env = outside;
    await Promise.all([front?.stop(), aws?.stop()]);
  });
  beforeEach(() => {
    process.env = { ...outside, AWS_ENDPOINT_URL: front.endpoint, AWS_REGION: 'eu-west-1', ...account.function };
    front.requests.length = 0;
    front.fault = () => undefined;
  });

  test('a SecureString is decrypted, by a request that only asks for it', async () => {
    expect(await readSecret({ ssm: '/app/password' })).toBe('open sesame');
    expect(front.requests).toEqual(['{"Name":"/app/password","WithDecryption":true}']);
  });

  test('it is cached until its age, or until somebody asks past the cache; callers that come together make one request', async () => {
    const reference = { ssm: '/app/notes', maxAgeSeconds: 1 };
    await Promise.all([readSecret(reference), readSecret(reference), readSecret(reference)]);
    await readSecret(reference);
    expect(front.requests).toHaveLength(1);
    await readSecret(reference, { fresh: true });
    expect(front.requests).toHaveLength(2);
    await new Promise((resolve) => setTimeout(resolve, 1_010));
    await readSecret(reference);
    expect(front.requests).toHaveLength(3);
  });

  test('Secrets Manager: the whole secret, one field, or all fields', async () => {
    expect(JSON.parse(await readSecret({ secretsManager: account.arn }))).toMatchObject({ username: 'reader' });
    expect(await readSecret({ secretsManager: account.arn, field: 'password' })).toBe('it\'s "quoted"');
    expect(await readSecret({ secretsManager: account.arn, field: 'port' })).toBe('5432');
    expect(await readSecretFields({ secretsManager: account.arn })).toEqual({ username: 'reader', password: 'it\'s "quoted"', port: 5432 });
    expect(front.requests).toHaveLength(1);
  });

  test('an ARN names the region, and the service\'s own endpoint variable wins', async () => {
    process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = front.endpoint;
    process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:1';
    delete process.env.AWS_REGION;
    expect(await readSecret({ secretsManager: account.arn, field: 'username' }, { fresh: true })).toBe('reader');
    expect(await rejection(readSecret({ ssm: '/app/far' }))).toMatchObject({ code: 'BOOTSTRAP', message: expect.stringContaining('set AWS_REGION') });
  });

  test('its values are cut from messages from then on', async () => {
    await readSecret({ ssm: '/app/password' });
    await readSecret({ secretsManager: account.arn, field: 'password' });
    expect(scrub('open sesame; it\'s "quoted"; PASSWORD \'it\'\'s "quoted"\'')).toBe('[redacted]; [redacted]; PASSWORD \'[redacted]\'');
  });

  test('missing: an error that names it, at once', async () => {
    const error = await rejection(readSecret({ ssm: '/app/none' }));
    const message = /^cannot read the SSM parameter "\/app\/none": ParameterNotFound: .*; check its name, account and region$/;
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: false, message: expect.stringMatching(message) });
    says('AWS.notFound', error.message);
    expect(front.requests).toHaveLength(1);
  });

  test('denied: an error that names it and the permission, at once', async () => {
    Object.assign(process.env, account.stranger);
    const error = await rejection(readSecret({ ssm: '/app/password' }, { fresh: true }));
    const message = /^cannot read the SSM parameter "\/app\/password": AccessDenied.*; the function's role needs ssm:GetParameter on it, and kms:Decrypt/;
    expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: false, message: expect.stringMatching(message) });
    says('AWS.accessDenied', error.message);
    expect((await rejection(readSecret({ secretsManager: account.arn }, { fresh: true }))).message).toContain('secretsmanager:GetSecretValue on it');
    expect(front.requests).toHaveLength(2);
  });

  test.each(['<html>sesame', '"sesame"', '[1]', '', 'null'])('an answer that is not a JSON object is not shown: %j', async (body) => {
    front.fault = () => ({ status: 200, body });
    for (const reference of [{ ssm: '/app/password' }, { secretsManager: account.arn }]) {
      const error = await rejection(readSecret(reference, { fresh: true }));
      expect(error).toMatchObject({ code: 'BOOTSTRAP', retryable: true, message: expect.stringContaining('is not a JSON object; check its endpoint') });
      expect(inspect(error, { depth: null })).not.toMatch(/sesame|html|token/i);
    }
  });

  test('an answer without the secret says so', async () => {
    front.fault = () => ({ status: 200, body: '{}' });
    expect((await rejection(readSecret({ ssm: '/app/password' }, { fresh: true }))).message).toMatch(/holds no text: expected a string$/);
    expect((await rejection(readSecret({ secretsManager: account.arn }, { fresh: true }))).message).toMatch(/holds no text: expected a string$/);
  });

  test('a secret that is missing, holds bytes, is not JSON, or lacks the field', async () => {
    expect((await rejection(readSecret({ secretsManager: 'none' }))).message).toMatch(/^cannot read the secret "none": ResourceNotFoundException: /);
    expect((await rejection(readSecret({ secretsManager: account.binary }))).message).toMatch(/holds no text: expected a string$/);
    const noJson = await rejection(readSecretFields({ ssm: '/app/notes' }));
    expect(noJson.message).toBe('the SSM parameter "/app/notes" is not a JSON object: expected one such as {"username": "...", "password": "..."}');
    const noField = await rejection(readSecret({ secretsManager: account.arn, field: 'token' }));
    expect(noField.message).toMatch(/has no text in the field "token"; its fields are: "username", "password", "port"$/);
    expect(noField.message).not.toContain('quoted');
  });

  test.each([
    ['throttled', { status: 400, body: '{"__type":"ThrottlingException","message":"Rate exceeded"}' }],
    ['a server\'s failure', { status: 500, body: '' }],
    ['a broken connection', { reset: true as const }],
  ])('%s: tried again, after a moment', async (_, fault) => {
    front.fault = (_what, count) => (count <= 2 ? fault : undefined);
    expect(await readSecret({ ssm: '/app/password' }, { fresh: true })).toBe('open sesame');
    expect(front.requests).toHaveLength(3);
  });

  test('throttled for good, or no answer: an error after 6 s, which may be tried again', async () => {
    const throttled = { status: 400, body: '{"__type":"ThrottlingException","message":"Rate exceeded"}' };
    front.fault = (what) => (what.includes('notes') ? { hang: true } : throttled);
    const started = performance.now();
    const errors = await Promise.all(['/app/password', '/app/notes'].map((ssm) => rejection(readSecret({ ssm }, { fresh: true }))));
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(errors.map(({ code, retryable }) => ({ code, retryable }))).toEqual(Array(2).fill({ code: 'BOOTSTRAP', retryable: true }));
    expect(errors[0]!.message).toBe('cannot read the SSM parameter "/app/password": ThrottlingException: Rate exceeded');
    expect(errors[1]!.message).toMatch(/no answer within \d+ ms; in a VPC, a function reaches AWS's APIs only through/);
    expect(front.requests.length).toBeLessThan(20);
  }, 20_000);

  test.each([[{}], [null], ['name'], [{ ssm: 5 }], [{ ssm: '/a', maxAgeSeconds: 'long' }]])('%j is not a reference to a secret', (value) => {
    expect(() => secretReference(value, 'the password of "postgres"')).toThrow('the password of "postgres" is ');
  });
});
