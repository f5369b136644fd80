import { ConfigError } from '../base/errors';

/** The region of an ARN, or the process's region. Throws `CONFIG` if there is none. */
export function regionFor(name: string, env: NodeJS.ProcessEnv): string {
  const region = /^arn:[^:]*:[^:]*:([^:]+):/.exec(name)?.[1] ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  if (region) return region;
  throw new ConfigError('no AWS region is known: set AWS_REGION, as Lambda does');
}
