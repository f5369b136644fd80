import { readConfigAtImport } from './base/config';
import { inLambda } from './base/lambda-environment';
import { findClient } from './client/client';
import { isEager, prefetchSecrets, runEagerly } from './init/eager';
import { databaseNames, sharedInstance } from './instance/shared-instances';
import { startMetrics } from './observe/metrics';

// The side effects of importing the runtime.

// A project without the client gets the error now, with what to install, not in the middle of a request.
findClient();

if (inLambda(process.env) && readConfigAtImport(process.env).metrics) startMetrics();

// Inside Lambda, the init phase is the cheapest time: the instance opens on a libuv thread while the rest of the handler is evaluated.
// After a failure, the first call tries again and reports it.
if (process.env.AWS_LAMBDA_RUNTIME_API !== undefined) {
  const eager = isEager(process.env);
  // Their round trip then overlaps with the opening.
  if (eager) prefetchSecrets(process.env);
  const making = eager ? databaseNames(readConfigAtImport(process.env)).map((name) => sharedInstance(name)) : [sharedInstance()];
  making.forEach((each) => each.catch(() => undefined));
  if (eager) runEagerly(making);
}
