import { processCredentials } from './credentials';
import { regionFor } from './region';
import { presignedUrl } from './signature';
import { rememberSecret } from '../base/redaction';

/** RDS refuses a token after 15 minutes (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html). */
const LIFE_SECONDS = 900;

/** A password with which the process's role signs in to a database of RDS, and when it expires. */
export async function makeRdsToken({ host, port, user }: { host: string; port: string; user: string }, env: NodeJS.ProcessEnv) {
  const credentials = await processCredentials(env);
  const region = /\.([a-z0-9-]+)\.rds\.amazonaws\.com/.exec(host)?.[1] ?? regionFor('', env);
  const connect = new URL(`https://${host}:${port}/?Action=connect&DBUser=${encodeURIComponent(user)}`);
  const date = new Date();
  const { href } = presignedUrl(connect, LIFE_SECONDS, { service: 'rds-db', region, credentials, date });
  const password = href.slice('https://'.length);
  rememberSecret(password);
  return { password, ends: Math.min(date.getTime() + LIFE_SECONDS * 1000, credentials.expiration?.getTime() ?? Infinity) };
}
