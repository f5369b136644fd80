import { join } from 'node:path';
import { npmPackages } from './packages';

export const CDK_CLI_VERSION = '2.1148.1';

/** A module that Node.js loads before the program, so that it waits less for MiniStack's stacks. */
export const QUICK_POLLS = join(__dirname, 'quick-polls.cjs');

/** The program of the CDK's command line. */
export const cdkCli = async () => join(await npmPackages('aws-cdk', [`aws-cdk@${CDK_CLI_VERSION}`]), 'aws-cdk/bin/cdk');
