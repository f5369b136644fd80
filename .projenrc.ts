import { awscdk, javascript } from 'projen';
import { client } from './assets/docker/versions.json';

/** Code that needs cdk-nag 3, and therefore a newer aws-cdk-lib than the lowest supported. A test compiles and runs it with the newest. */
const NEWEST_ONLY = 'examples/nag.ts';

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-duckdb-lambda',
  description: 'DuckDB on AWS Lambda: a CDK construct that bakes verified extensions into the image, and the runtime that handler code imports',
  author: 'cdk-duckdb-lambda contributors',
  authorAddress: 'cdk-duckdb-lambda@users.noreply.github.com',
  authorOrganization: true,
  repositoryUrl: 'https://github.com/cdk-duckdb-lambda/cdk-duckdb-lambda.git',
  license: 'Apache-2.0',
  keywords: ['aws', 'cdk', 'lambda', 'duckdb', 'analytics', 's3', 'parquet', 'postgres', 'motherduck', 'data-lake', 'sql', 'serverless'],
  stability: 'experimental',
  majorVersion: 0,

  defaultReleaseBranch: 'main',
  projenrcTs: true,
  packageManager: javascript.NodePackageManager.NPM,
  minNodeVersion: '20.0.0',
  github: false,
  release: false,
  depsUpgrade: false,
  sampleCode: false,

  // The first version with property injection; docs/support.md says more.
  cdkVersion: '2.196.0',
  constructsVersion: '10.4.2',
  jsiiVersion: '6.0.16',
  typescriptVersion: '~6.0.0',
  publishToPypi: { distName: 'cdk-duckdb-lambda', module: 'cdk_duckdb_lambda' },
  publishToMaven: { javaPackage: 'io.github.cdkduckdblambda', mavenGroupId: 'io.github.cdkduckdblambda', mavenArtifactId: 'cdk-duckdb-lambda' },
  publishToNuget: { dotNetNamespace: 'CdkDuckDbLambda', packageId: 'CdkDuckDbLambda' },
  publishToGo: { moduleName: 'github.com/cdk-duckdb-lambda/cdk-duckdb-lambda-go' },

  devDeps: [
    `@duckdb/node-api@${client}`,
    '@aws-lambda-powertools/logger@2.35.0',
    '@aws-lambda-powertools/metrics@2.35.0',
    '@aws-lambda-powertools/parameters@2.35.0',
    '@aws-lambda-powertools/tracer@2.35.0',
    '@aws-cdk/integ-runner@2.197.10',
    '@aws-cdk/integ-tests-alpha@2.193.0-alpha.0',
    '@aws-sdk/credential-provider-node@3.972.97',
    '@jest/test-sequencer@30.5.2',
    '@smithy/core@3.41.0',
    'dependency-cruiser@17.4.3',
    'esbuild@0.28.2',
    'fast-check@4.10.2',
    'jsii-rosetta@6.0.16',
    'projen@0.103.25',
    'typedoc@0.28.20',
    'typedoc-plugin-markdown@4.14.1',
  ],

  disableTsconfig: true,
  eslintOptions: {
    dirs: ['src', 'lib-runtime'],
    devdirs: ['test', 'examples', 'benchmarks', 'scripts'],
    projectService: false,
    tsconfigPath: './tsconfig.dev.json',
  },
  tsconfigDev: {
    include: ['.projenrc.ts', 'lib-runtime/**/*.ts', 'examples/**/*.ts', 'benchmarks/**/*.ts', 'scripts/**/*.ts'],
    exclude: ['node_modules', NEWEST_ONLY],
    compilerOptions: { lib: ['es2022'], target: 'ES2022', rootDir: '.' },
  },
  jestOptions: {
    // Without this, projen rewrites the snapshots during a test run, and no comparison could fail.
    updateSnapshot: javascript.UpdateSnapshot.NEVER,
    junitReporting: false,
    jestConfig: {
      collectCoverage: false,
      reporters: [new javascript.JestReporter('<rootDir>/test/counts-reporter.js')],
      additionalOptions: {
        testTimeout: 60_000,
        maxWorkers: 3,
        testSequencer: '<rootDir>/test/slow-first-sequencer.js',
        // The runtime closes instances when its process, here the worker, has used most of a function's memory.
        workerIdleMemoryLimit: '1GB',
        // Jest would wrap what tests leave on the global object. What ends after its test, such as an upload, would then recurse without end.
        testEnvironmentOptions: { globalsCleanup: 'off' },
        modulePathIgnorePatterns: ['<rootDir>/(.bed|dist|lib|cdk.out|test/integ.*snapshot)/'],
      },
    },
  },
});

// The runtime is packed as `cdk-duckdb-lambda/runtime`. An `exports` map hides everything else, so it also names what jsii needs.
project.package.addField('exports', {
  '.': { types: './lib/index.d.ts', default: './lib/index.js' },
  './runtime': {
    import: { types: './runtime/index.d.mts', default: './runtime/index.mjs' },
    require: { types: './runtime/index.d.ts', default: './runtime/index.js' },
  },
  './package.json': './package.json',
  './.jsii': './.jsii',
  './.warnings.jsii.js': './.warnings.jsii.js',
});

// A handler's project installs this package only for the runtime. It needs neither CDK nor, until it runs locally, DuckDB.
project.package.addField('peerDependenciesMeta', {
  'aws-cdk-lib': { optional: true },
  'constructs': { optional: true },
  '@duckdb/node-api': { optional: true },
});

// Jest and ESLint resolve modules with it. The binaries of 1.13.0 are not available for every platform, so `npm ci` fails with it.
project.package.addField('overrides', { 'unrs-resolver': '1.12.2' });

project.gitignore.include('/lib-runtime/tsconfig.json', '/projenrc/tsconfig.json');
project.gitignore.exclude('/examples/java-sales/target/', '/runtime/', '/.bed/', '/cdk.out/', '.jsii.tabl.json');
project.npmignore?.exclude('/lib-runtime/', '/test/', '/examples/', '/benchmarks/', '/scripts/', '/docs/', '/.ci/', '/.bed/', '/rosetta/', '.jsii.tabl.json', '/cdk.out/', '/CONTRIBUTING.md');
project.npmignore?.include('/runtime/', '/assets/');
// The package's own name resolves to the build's output, which may not exist yet.
project.eslint?.addRules({ 'import/no-unresolved': ['error', { ignore: ['^cdk-duckdb-lambda(/runtime)?$'] }] });
project.eslint?.addIgnorePattern(NEWEST_ONLY);
project.eslint?.allowDevDeps('**/lib-runtime/**');
project.eslint?.allowDevDeps('**/examples/**');
project.eslint?.allowDevDeps('**/benchmarks/**');

project.addBins({ 'cdk-duckdb-lambda': 'assets/cli/cdk-duckdb-lambda.mjs', 'duckdb-extensions': 'assets/docker/install-extensions.mjs' });

project.preCompileTask.exec('node lib-runtime/build.mjs');
// jsii-docgen searches its whole working directory, with links, so it must not run where the test bed keeps its images.
const docgen = project.tasks.tryFind('docgen')!;
docgen.reset('rm -rf dist/docgen && mkdir -p dist/docgen && cp .jsii package.json dist/docgen && ln -s ../../node_modules dist/docgen/node_modules');
docgen.exec('jsii-docgen -o ../../API.md', { cwd: 'dist/docgen' });

// The reference of the runtime comes from its docstrings. It fails if one is missing.
project.postCompileTask.exec('typedoc --options lib-runtime/typedoc.json');

// Examples in docstrings and in the README compile.
project.postCompileTask.exec('jsii-rosetta extract --strict --compile .jsii');
project.testTask.prependExec('tsc -p tsconfig.dev.json --noEmit');

// Every build packages for JavaScript and Python, and for .NET if its tool chain is installed. The others are packaged on request, as by
// npx projen package:go: Go's tool chain verifies modules against a checksum database on the network, and Maven first asks for every version of
// each dependency. The test of the example in Java compiles the package for Java.
project.packageTask.reset();
for (const [language, toolChain] of [['js', 'npm'], ['python', 'python3'], ['dotnet', 'dotnet']]) {
  project.packageTask.spawn(project.tasks.tryFind(`package:${language}`)!, { condition: `which ${toolChain}` });
  project.packageTask.exec(`echo "not packaged for ${language}: ${toolChain} is not installed"`, { condition: `! which ${toolChain}` });
}

// `npm cit` on a fresh clone builds and tests everything.
project.setScript('test', 'projen build && cat .bed/test-counts');
// Snapshots of the stacks that a maintainer can deploy. The files and the comparison leave out the assets' contents: the tests of the image
// check those, and each change of the runtime would change all snapshots.
const INTEG = 'integ-runner --language typescript --app "node -r ts-node/register/transpile-only {filePath}"';
const integ = (name: string, description: string, options = '') => project.addTask(name, {
  description, exec: `${INTEG} ${options}`.trim(), env: { TS_NODE_PROJECT: 'tsconfig.dev.json' }, receiveArgs: true,
});
project.testTask.spawn(integ('integ', 'Compare the stacks of test/integ.*.ts with their snapshots'));
integ('integ:update', 'Accept changed snapshots, without deploying them', '--dry-run --update-on-failed');
integ('integ:deploy', 'Deploy the stacks into your AWS account, check them, remove them, and accept their snapshots', '--force --update-on-failed');
project.gitignore.exclude('/test/integ.*.snapshot/asset.*', '/test/integ.*.snapshot/tree.json', 'cdk-integ.out.*');

project.addTask('update-duckdb', {
  description: 'Make a release of @duckdb/node-api the tested one: npm run update-duckdb -- 1.5.5-r.5',
  exec: 'node -r ts-node/register/transpile-only scripts/update-duckdb.ts',
  env: { TS_NODE_PROJECT: 'tsconfig.dev.json' },
  receiveArgs: true,
});

project.addTask('scale-out-model', {
  description: 'Print the tables of docs/scale-out.md: time, cost and limits of maps',
  exec: 'node -r ts-node/register/transpile-only scripts/scale-out-model.ts',
  env: { TS_NODE_PROJECT: 'tsconfig.dev.json' },
});

project.addTask('go-example', {
  description: 'Synthesise examples/go-sales with the Go module of this library, and compare it with examples/sales',
  exec: 'node -r ts-node/register/transpile-only scripts/go-example.ts',
  env: { TS_NODE_PROJECT: 'tsconfig.dev.json' },
});

project.addTask('dashboard-picture', {
  description: 'Draw docs/dashboard.svg from the template of a dashboard',
  exec: 'node -r ts-node/register/transpile-only scripts/dashboard-picture.ts',
  env: { TS_NODE_PROJECT: 'tsconfig.dev.json' },
});

project.setScript('demo', 'node examples/demo.mjs');
project.setScript('bench', 'node benchmarks/bench.mjs');

project.synth();
