import { findClient } from './client';
import { readConfigAtImport } from './config';
import { isEager, prefetchSecrets, runEagerly } from './eager';
import { inLambda } from './lambda-environment';
import { startMetrics } from './metrics';
import { databaseNames, sharedInstance } from './registry';

// What importing the runtime does.

// A project without the client learns it now, and what to install, not in the middle of a request.
findClient();

if (inLambda(process.env) && readConfigAtImport(process.env).metrics) startMetrics();

// Inside Lambda the init phase is the cheapest moment: the instance opens on a libuv thread while the rest of the handler is evaluated.
// A failure shows at the first call, which tries again.
if (process.env.AWS_LAMBDA_RUNTIME_API !== undefined) {
  const eager = isEager(process.env);
  // Their round trip is then hidden behind the opening.
  if (eager) prefetchSecrets(process.env);
  const making = eager ? databaseNames(readConfigAtImport(process.env)).map((name) => sharedInstance(name)) : [sharedInstance()];
  making.forEach((each) => each.catch(() => undefined));
  if (eager) runEagerly(making);
}
