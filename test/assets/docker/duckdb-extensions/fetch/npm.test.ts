import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repositoryRoot } from '../../../../bed/paths';
import { outcomeOf } from '../../command';

const NPM = pathToFileURL(join(repositoryRoot, 'assets/docker/duckdb-extensions/fetch/npm.mjs')).href;

/** What `npm pkg get` says of a field of this project's package.json. */
async function packageField(field: string): Promise<unknown> {
  const { stdout } = await outcomeOf(process.execPath, ['--input-type=module', '--eval', `
    import { npm } from ${JSON.stringify(NPM)};
    console.log(JSON.stringify(await npm('pkg', 'get', process.argv[1])));
  `, field]);
  return JSON.parse(stdout);
}

describe('npm', () => {
  it('answers with what its command prints', async () => {
    expect(await packageField('name')).toBe('cdk-duckdb-lambda');
  });

  it.each(['$(echo name)', '`echo name`', '"; echo name; "'])('is given %s as it is, by no shell', async (argument) => {
    expect(await packageField(argument)).toEqual({});
  });
});
