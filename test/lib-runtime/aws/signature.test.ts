import { join } from 'node:path';
import { presignedUrl, signedHeaders, type SigningScope } from '../../../lib-runtime/aws/signature';
import { run } from '../../bed';
import { describeWith } from '../../bed/require';
import { installAws } from '../../bed/servers/aws';

/** AWS's own signer for Python, at a time of its choice. */
const THEIRS = `
import boto3, json, sys
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
asked = json.loads(sys.argv[1])
c = asked['credentials']
request = AWSRequest(method='POST', url=asked['url'], headers=asked['headers'], data=asked['body'].encode())
SigV4Auth(Credentials(c['accessKeyId'], c['secretAccessKey'], c.get('sessionToken')), 'ssm', 'eu-west-1').add_auth(request)
rds = boto3.client('rds', 'eu-west-1', aws_access_key_id=c['accessKeyId'], aws_secret_access_key=c['secretAccessKey'], aws_session_token=c.get('sessionToken'))
s3 = AWSRequest(method='GET', url=asked['list'], data=b'')
S3SigV4Auth(Credentials(c['accessKeyId'], c['secretAccessKey'], c.get('sessionToken')), 's3', 'eu-west-1').add_auth(s3)
print(json.dumps({'headers': dict(request.headers), 's3': dict(s3.headers), 'token': rds.generate_db_auth_token('db.example', 5432, 'the reader+*')}))`;

/** A list of an S3 bucket, in path style. */
const LIST = 'https://s3.eu-west-1.amazonaws.com/my.bucket/?encoding-type=url&list-type=2&prefix=out%2Fday%3D1%20%C3%A9%27%28%29%2F';
const user = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

describeWith('aws', 'signatures are those of AWS\'s own signer', () => {
  test.each([
    ['a user', user],
    ['a role', { ...user, sessionToken: 'AQoDYXdz+EJr//////////wEX=AMPLE' }],
  ])('for the credentials of %s', async (_, credentials) => {
    const url = 'https://ssm.eu-west-1.amazonaws.com/';
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AmazonSSM.GetParameter' };
    const body = '{"Name":"/app/pässword","WithDecryption":true}';
    const { stdout } = await run(join(await installAws(), 'bin/python'), ['-c', THEIRS, JSON.stringify({ url, headers, body, credentials, list: LIST })]);
    const theirs = JSON.parse(stdout) as { headers: Record<string, string>; s3: Record<string, string>; token: string };
    const scope = (service: string, time: string): SigningScope => ({ service, region: 'eu-west-1', credentials, date: dateOf(time) });

    const ours = signedHeaders({ method: 'POST', url: new URL(url), headers, body }, scope('ssm', theirs.headers['X-Amz-Date']!));
    expect(ours.authorization).toBe(theirs.headers.Authorization);

    const list = signedHeaders({ method: 'GET', url: new URL(LIST), headers: {}, body: '' }, scope('s3', theirs.s3['X-Amz-Date']!));
    expect(list.authorization).toBe(theirs.s3.Authorization);

    const token = new URL(`https://${theirs.token}`);
    const connect = new URL('https://db.example:5432/?Action=connect&DBUser=the%20reader%2B*');
    const presigned = presignedUrl(connect, 900, scope('rds-db', token.searchParams.get('X-Amz-Date')!));
    expect([...presigned.searchParams].sort()).toEqual([...token.searchParams].sort());
  });
});

function dateOf(time: string): Date {
  return new Date(time.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z'));
}
