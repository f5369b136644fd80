import { App, CfnParameter, Duration, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { DuckDbMap, DuckDbMapItems, DuckDbMapWorker, DuckDbQueryFunction, DuckDbResultFormat } from '../src';
import { unbundledApp, unbundledStack } from './duckdb-function/unbundled';
import { bucket, declareMap, definition, grants, machine, queryFunction } from './map/machine';

let stack: Stack;

beforeEach(() => {
  stack = unbundledStack();
});

const from = (query: string, fn = queryFunction(stack)) => DuckDbMapWorker.fromQuery(fn, query);

const RETRY = [{
  ErrorEquals: [
    'DuckDbRetryableError', 'Lambda.TooManyRequestsException', 'Lambda.ServiceException', 'Lambda.AWSLambdaException', 'Lambda.SdkClientException',
    'Lambda.ClientExecutionTimeoutException',
  ],
  IntervalSeconds: 2,
  MaxAttempts: 6,
  BackoffRate: 2,
  JitterStrategy: 'FULL',
}, {
  ErrorEquals: ['Runtime.ExitError', 'Lambda.Unknown', 'States.Timeout'], IntervalSeconds: 2, MaxAttempts: 2, BackoffRate: 2, JitterStrategy: 'FULL',
}];

describe('the definition', () => {
  test('of a map over objects with a reducer, down to each key', () => {
    const fn = queryFunction(stack);
    machine(stack, declareMap(stack, { worker: from('day-totals', fn), reducer: from('all-totals', fn), maxConcurrency: 200 }));
    expect(definition(stack)).toEqual({
      StartAt: 'Totals run',
      States: {
        'Totals run': { Type: 'Pass', Parameters: { 'id.$': 'States.UUID()' }, ResultPath: '$.duckDbMapRun', Next: 'Totals map' },
        'Totals map': {
          Type: 'Map',
          Comment: 'the items of Stack/Totals',
          ItemReader: { Resource: 'arn:<AWS::Partition>:states:::s3:listObjectsV2', Parameters: { Bucket: 'lake', Prefix: 'orders/' } },
          ItemSelector: {
            'execution.$': '$$.Execution.Name',
            'run.$': '$.duckDbMapRun.id',
            'index.$': '$$.Map.Item.Index',
            'params': { 'file.$': 'States.Format(\'s3://lake/{}\', $$.Map.Item.Value.Key)' },
          },
          ItemProcessor: {
            ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
            StartAt: 'Totals worker',
            States: {
              'Totals worker': {
                Type: 'Task',
                Resource: 'arn:<AWS::Partition>:states:::lambda:invoke',
                Parameters: {
                  FunctionName: expect.stringMatching(/^<Sales\w+\.Arn>$/),
                  Payload: {
                    'query': 'day-totals',
                    'params.$': '$.params',
                    'output': { 'format': 'parquet', 'key.$': 'States.Format(\'totals/{}/{}/{}.json\', $.execution, $.run, $.index)' },
                  },
                },
                OutputPath: '$.Payload',
                Retry: RETRY,
                End: true,
              },
            },
          },
          MaxConcurrency: 200,
          ResultPath: null,
          ResultWriter: {
            Resource: 'arn:<AWS::Partition>:states:::s3:putObject', Parameters: { Bucket: 'reports', Prefix: 'results/totals/map-runs' },
          },
          Next: 'Totals reducer',
        },
        'Totals reducer': {
          Type: 'Task',
          Resource: 'arn:<AWS::Partition>:states:::lambda:invoke',
          Parameters: {
            FunctionName: expect.stringMatching(/^<Sales\w+\.Arn>$/),
            Payload: { 'query': 'all-totals', 'params': {}, 'manifests.$': 'States.Format(\'totals/{}/{}/\', $$.Execution.Name, $.duckDbMapRun.id)' },
          },
          OutputPath: '$.Payload',
          Retry: RETRY,
          End: true,
        },
      },
    });
  });

  test('without a reducer, the result tells where the manifests are', () => {
    machine(stack, declareMap(stack));
    expect(definition(stack).States['Totals map']).toMatchObject({ ResultPath: null, Next: 'Totals manifests' });
    expect(definition(stack).States['Totals manifests']).toEqual({
      Type: 'Pass',
      Parameters: { 'manifests.$': 'States.Format(\'s3://reports/results/totals/{}/{}/\', $$.Execution.Name, $.duckDbMapRun.id)' },
      End: true,
    });
  });

  test('of a batch: the files of its items, under the index of the first', () => {
    machine(stack, declareMap(stack, { worker: from('batch-totals'), batch: { maxItems: 100, maxBytes: 200_000 } }));
    const map = definition(stack).States['Totals map'];
    expect(map.ItemBatcher).toEqual({ MaxItemsPerBatch: 100, MaxInputBytesPerBatch: 200_000 });
    expect(map.ItemSelector.params).toEqual({ 'file.$': 'States.Format(\'s3://lake/{}\', $$.Map.Item.Value.Key)' });
    expect(map.ItemProcessor.States['Totals worker'].Parameters.Payload).toEqual({
      query: 'batch-totals',
      params: { 'files.$': '$.Items[*].params.file' },
      output: { 'format': 'parquet', 'key.$': 'States.Format(\'totals/{}/{}/{}.json\', $.Items[0].execution, $.Items[0].run, $.Items[0].index)' },
    });
  });

  test('tolerance, label, formats, timeouts, retries and parameters', () => {
    const fn = queryFunction(stack);
    machine(stack, declareMap(stack, {
      worker: DuckDbMapWorker.fromQuery(fn, 'day-totals', {
        params: { least: 10.5 },
        format: DuckDbResultFormat.CSV,
        timeout: Duration.minutes(2),
        retry: { ...DuckDbQueryFunction.retry, maxAttempts: 2 },
      }),
      reducer: DuckDbMapWorker.fromQuery(fn, 'all-totals', { params: { month: '$.month' }, format: DuckDbResultFormat.JSON, timeout: Duration.seconds(30) }),
      toleratedFailureCount: 3,
      toleratedFailurePercentage: 5,
      label: 'totals',
    }));
    const { 'Totals map': map, 'Totals reducer': reducer } = definition(stack).States;
    const worker = map.ItemProcessor.States['Totals worker'];
    expect(map).toMatchObject({ ToleratedFailureCount: 3, ToleratedFailurePercentage: 5, Label: 'totals' });
    expect(map.ItemSelector.params).toMatchObject({ least: 10.5 });
    expect(worker).toMatchObject({ TimeoutSeconds: 120, Retry: [{ MaxAttempts: 2, JitterStrategy: 'FULL' }], Parameters: { Payload: { output: { format: 'csv' } } } });
    expect(reducer).toMatchObject({ TimeoutSeconds: 30 });
    expect(reducer.Parameters.Payload).toEqual({
      'query': 'all-totals',
      'params': { 'month.$': '$.month' },
      'manifests.$': 'States.Format(\'totals/{}/{}/\', $$.Execution.Name, $.duckDbMapRun.id)',
      'output': { 'format': 'json', 'key.$': 'States.Format(\'totals/reduced/{}/{}/manifest.json\', $$.Execution.Name, $.duckDbMapRun.id)' },
    });
  });

  test('of functions with handlers of their own: keys are relative to the results of the map', () => {
    const fn = lambda.Function.fromFunctionAttributes(stack, 'Own', { functionArn: 'arn:aws:lambda:eu-west-1:111111111111:function:own' });
    machine(stack, declareMap(stack, { worker: DuckDbMapWorker.fromFunction(fn), reducer: DuckDbMapWorker.fromFunction(fn, { params: { month: '$.month' } }) }));
    const { 'Totals map': map, 'Totals reducer': reducer } = definition(stack).States;
    expect(map.ItemProcessor.States['Totals worker'].Parameters.Payload).toEqual({
      'params.$': '$.params', 'output': { 'format': 'parquet', 'key.$': 'States.Format(\'{}/{}/{}.json\', $.execution, $.run, $.index)' },
    });
    expect(reducer.Parameters.Payload).toEqual({ 'params': { 'month.$': '$.month' }, 'manifests.$': 'States.Format(\'{}/{}/\', $$.Execution.Name, $.duckDbMapRun.id)' });
  });

  test('the whole template of an app', () => {
    stack = new Stack(new App(), 'Stack');
    const results = new s3.Bucket(stack, 'Results');
    const fn = queryFunction(stack, { results: { bucket: results, prefix: 'results/' } });
    machine(stack, declareMap(stack, {
      items: DuckDbMapItems.fromQuery(fn, 'months', { params: { year: '$.year' } }),
      worker: DuckDbMapWorker.fromQuery(fn, 'by-day', { params: { region: '$.region' } }),
      reducer: from('all-totals', fn),
      results: { bucket: results, prefix: 'results/totals/' },
    }));
    expect(JSON.stringify(Template.fromStack(stack).toJSON(), undefined, 2).replace(/[0-9a-f]{64}/g, '<asset>')).toMatchSnapshot();
  });
});

describe('another account', () => {
  const ofOther = (name: string) => s3.Bucket.fromBucketAttributes(stack, name, { bucketName: name, account: '222222222222' });

  test('is named as the owner of the bucket with the items, because Step Functions would not read it otherwise', () => {
    machine(stack, declareMap(stack, { items: DuckDbMapItems.fromObjects(ofOther('far-lake'), 'orders/') }));
    expect(definition(stack).States['Totals map'].ItemReader.Parameters).toEqual({ Bucket: 'far-lake', Prefix: 'orders/', ExpectedBucketOwner: '222222222222' });
  });

  test('of the results is a warning', () => {
    const location = { bucket: ofOther('far-reports'), prefix: 'results/' };
    machine(stack, declareMap(stack, { worker: from('day-totals', queryFunction(stack, { results: location })), results: location }));
    Annotations.fromStack(stack).hasWarning('/Stack/Totals', Match.stringLikeRegexp('^the bucket of the results of Stack/Totals belongs to the account 222222222222'));
  });
});

describe('maxConcurrency', () => {
  const concurrency = () => definition(stack).States['Totals map'].MaxConcurrency;

  test('is by default what a new account has', () => {
    machine(stack, declareMap(stack));
    expect(concurrency()).toBe(1000);
  });

  test('is by default what the function has reserved', () => {
    machine(stack, declareMap(stack, { worker: from('day-totals', queryFunction(stack, { reservedConcurrentExecutions: 50 })) }));
    expect(concurrency()).toBe(50);
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('maxConcurrency'));
  });

  test('above what the function has reserved is a warning', () => {
    machine(stack, declareMap(stack, { worker: from('day-totals', queryFunction(stack, { reservedConcurrentExecutions: 50 })), maxConcurrency: 51 }));
    Annotations.fromStack(stack).hasWarning('/Stack/Totals', Match.stringLikeRegexp('^maxConcurrency is 51, but Stack/Sales has reserved a concurrency of 50: '));
  });

  test('that nobody can use, because the function has reserved 0, is a warning', () => {
    machine(stack, declareMap(stack, { worker: from('day-totals', queryFunction(stack, { reservedConcurrentExecutions: 0 })) }));
    Annotations.fromStack(stack).hasWarning('/Stack/Totals', Match.stringLikeRegexp('^Stack/Sales has reserved a concurrency of 0, with which Lambda refuses every invocation'));
  });

  test('may be a token', () => {
    const value = new CfnParameter(stack, 'Concurrency', { type: 'Number' }).valueAsNumber;
    machine(stack, declareMap(stack, { maxConcurrency: value }));
    expect(JSON.stringify(Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine'))).toContain('{"Ref":"Concurrency"}');
  });
});

describe('a map composes', () => {
  test('with what comes before and after it', () => {
    const fn = queryFunction(stack);
    const totals = declareMap(stack, { worker: from('day-totals', fn), reducer: from('all-totals', fn), items: DuckDbMapItems.fromObjects(bucket(stack, 'lake'), 'orders/') });
    machine(stack, sfn.Chain.start(new sfn.Pass(stack, 'Before')).next(totals).next(new sfn.Succeed(stack, 'After')));
    const { StartAt, States } = definition(stack);
    expect([StartAt, ...['Before', 'Totals run', 'Totals map', 'Totals reducer'].map((name) => States[name].Next)])
      .toEqual(['Before', 'Totals run', 'Totals map', 'Totals reducer', 'After']);
  });

  test('with another map in one machine', () => {
    const fn = queryFunction(stack);
    const maps = ['Totals', 'Returns'].map((id) => declareMap(stack, {
      worker: from('day-totals', fn), reducer: from('all-totals', fn), results: { bucket: bucket(stack, 'reports'), prefix: `results/${id}/` },
    }, id));
    machine(stack, maps[0].next(maps[1]));
    expect(Object.keys(definition(stack).States)).toEqual([
      'Totals run', 'Totals map', 'Totals reducer', 'Returns run', 'Returns map', 'Returns reducer',
    ]);
    expect(grants(stack).filter((grant) => grant.startsWith('states:'))).toHaveLength(5);
  });

  test('but not with another map of the same id', () => {
    const fn = queryFunction(stack);
    const [one, two] = ['One', 'Two'].map((scope) => new DuckDbMap(new sfn.Pass(stack, scope), 'Totals', {
      items: DuckDbMapItems.fromObjects(bucket(stack, 'lake'), 'orders/'), worker: from('day-totals', fn), results: { bucket: bucket(stack, 'reports'), prefix: `results/${scope}/` },
    }));
    expect(() => machine(stack, one!.next(two!))).toThrow(/^State with name 'Totals run' occurs in both .*: give the maps of a machine different ids, or call prefixStates/s);
  });

  /** CDK keeps the name that a worker has before `prefixStates`: https://github.com/aws/aws-cdk/issues/23320 */
  test('with a map of the same id, by prefixStates', () => {
    const fn = queryFunction(stack);
    const [one, two] = ['One', 'Two'].map((scope) => {
      const parent = new sfn.Pass(stack, scope);
      return new DuckDbMap(parent, 'Totals', {
        items: DuckDbMapItems.fromObjects(bucket(stack, 'lake'), 'orders/'), worker: from('day-totals', fn), results: { bucket: bucket(stack, 'reports'), prefix: `results/${scope}/` },
      }).prefixStates(`${scope}: `) as DuckDbMap;
    });
    machine(stack, one.next(two));
    const { States } = definition(stack);
    expect(Object.keys(States)).toEqual(['One', 'Two'].flatMap((scope) => ['run', 'map', 'manifests'].map((name) => `${scope}: Totals ${name}`)));
    expect(Object.keys(States['Two: Totals map'].ItemProcessor.States)).toEqual(['Two: Totals worker']);
    expect(States['Two: Totals map'].ItemProcessor.StartAt).toBe('Two: Totals worker');
  });

  test('not with a map of the same id without it', () => {
    const fn = queryFunction(stack);
    const [one, two] = ['One', 'Two'].map((scope) => new DuckDbMap(new sfn.Pass(stack, scope), 'Totals', {
      items: DuckDbMapItems.fromObjects(bucket(stack, 'lake'), 'orders/'), worker: from('day-totals', fn), results: { bucket: bucket(stack, 'reports'), prefix: `results/${scope}/` },
    }));
    expect(() => machine(stack, one.next(two))).toThrow('State with name \'Totals run\' occurs in both');
  });

  test('as a single state, which can catch errors', () => {
    const single = declareMap(stack).toSingleState({ outputPath: '$[0]' });
    machine(stack, single.addCatch(new sfn.Fail(stack, 'Failed')));
    const { Totals } = definition(stack).States;
    expect(Totals).toMatchObject({ Type: 'Parallel', OutputPath: '$[0]', Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Failed' }] });
    expect(Totals.Branches[0].States['Totals: Totals map'].ItemProcessor.StartAt).toBe('Totals: Totals worker');
  });

  test('whatever its id', () => {
    for (const id of ['map', 'Map', 'worker', 'reducer']) expect(() => declareMap(new Stack(unbundledApp(), 'Stack'), {}, id).toSingleState()).not.toThrow();
  });

  test('with states in JSONata', () => {
    machine(stack, declareMap(stack).next(sfn.Pass.jsonata(stack, 'After', { outputs: '{% $states.input.manifests %}' })));
    const { States } = definition(stack);
    expect(States.After).toMatchObject({ QueryLanguage: 'JSONata' });
    expect(JSON.stringify(States['Totals map'])).not.toMatch(/QueryLanguage|Arguments/);
  });

  test('not with a machine in JSONata, which has no paths', () => {
    expect(() => machine(stack, declareMap(stack), { queryLanguage: sfn.QueryLanguage.JSONATA })).toThrow(
      '\'queryLanguage\' can not be \'JSONPath\' if set to \'JSONata\' for whole state machine Stack/Totals/run-state');
  });
});

describe('the machine may do', () => {
  const RUNS = [
    'states:StartExecution on <MachineE>',
    'states:DescribeExecution, states:StopExecution on arn:<AWS::Partition>:states:eu-west-1:111111111111:execution:<MachineE.Name>:*',
    'states:RedriveExecution on arn:<AWS::Partition>:states:eu-west-1:111111111111:execution:<MachineE.Name>/*:*',
  ];
  const ofMachine = () => grants(stack).map((grant) => grant.replace(/Machine[0-9A-F]{8}/g, 'MachineE').replace(/Sales\w{8}/g, 'SalesE'));
  const WRITES = 's3:PutObject, s3:GetObject, s3:ListMultipartUploadParts, s3:AbortMultipartUpload on arn:<AWS::Partition>:s3:::reports/results/totals/map-runs/*';
  const INVOKES = 'lambda:InvokeFunction on <SalesE.Arn>, <SalesE.Arn>:*';
  const LISTS = 's3:ListBucket on arn:<AWS::Partition>:s3:::lake if {"StringLike":{"s3:prefix":"orders/*"}}';
  /** What CDK grants, on executions of a machine that no execution has: https://github.com/aws/aws-cdk/issues/35390 */
  const OF_CDK = ['states:StartExecution on <MachineE>', 'states:DescribeExecution, states:StopExecution on <MachineE>:*'];

  test('what a map over objects needs, and nothing else', () => {
    const fn = queryFunction(stack);
    machine(stack, declareMap(stack, { worker: from('day-totals', fn), reducer: from('all-totals', fn) }));
    expect(ofMachine().sort()).toEqual([LISTS, WRITES, INVOKES, ...OF_CDK, ...RUNS].sort());
  });

  /** https://github.com/aws/aws-cdk/issues/35391 */
  test('the same if the map is a single state, in a Parallel or in another map', () => {
    const inner = declareMap(stack).toSingleState();
    machine(stack, new sfn.Map(stack, 'Each', { itemsPath: '$.years' }).itemProcessor(inner));
    expect(ofMachine().sort()).toEqual([LISTS, WRITES, INVOKES, ...RUNS].sort());
  });

  /** Feature flags do not reach into a Stage: https://github.com/aws/aws-cdk/issues/35966 */
  test.each([true, false])('the same in a Stage, with the feature flag for result writers at %s', (flag) => {
    const app = new App({ context: { 'aws:cdk:bundling-stacks': [], '@aws-cdk/aws-stepfunctions:useDistributedMapResultWriterV2': flag } });
    stack = new Stack(new Stage(app, 'Production'), 'Stack', { env: { account: '111111111111', region: 'eu-west-1' } });
    machine(stack, declareMap(stack));
    expect(definition(stack).States['Totals map'].ResultWriter.Parameters).toEqual({ Bucket: 'reports', Prefix: 'results/totals/map-runs' });
    expect(ofMachine().sort()).toEqual([LISTS, WRITES, INVOKES, ...OF_CDK, ...RUNS].sort());
  });

  /** https://github.com/aws/aws-cdk/issues/32144 */
  test('what keys of encrypted buckets need', () => {
    const key = kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111111111111:key/1');
    const encrypted = s3.Bucket.fromBucketAttributes(stack, 'Encrypted', { bucketName: 'encrypted', encryptionKey: key });
    machine(stack, declareMap(stack, {
      items: DuckDbMapItems.fromFile(encrypted, 'days.csv'),
      worker: DuckDbMapWorker.fromQuery(queryFunction(stack, { results: { bucket: encrypted, prefix: 'results/' } }), 'by-day'),
      results: { bucket: encrypted, prefix: 'results/totals/' },
    }));
    expect(grants(stack).filter((grant) => grant.startsWith('kms:')).sort()).toEqual([
      `kms:Decrypt on ${key.keyArn}`, `kms:Decrypt, kms:GenerateDataKey on ${key.keyArn}`,
    ]);
  });

  test('what is added to a role of the user\'s', () => {
    const role = new iam.Role(stack, 'MachineRole', { assumedBy: new iam.ServicePrincipal('states.amazonaws.com') });
    machine(stack, declareMap(stack), { role });
    expect(ofMachine()).toEqual(expect.arrayContaining(RUNS));
  });

  test('nothing more if it has no map', () => {
    declareMap(stack);
    machine(stack, new sfn.Pass(stack, 'Nothing'));
    expect(grants(stack)).toEqual([]);
  });
});

describe('bad input is refused at synth, with its fix', () => {
  let sales: DuckDbQueryFunction;
  const results = (prefix: string, name = 'reports') => ({ results: { bucket: bucket(stack, name), prefix } });
  test.each<[string, () => object, string]>([
    ['a misspelt prop', () => ({ maxConcurency: 5 }), 'Stack/Totals has the prop "maxConcurency", which it does not know'],
    ['no results', () => ({ results: undefined }), 'Stack/Totals has no results: say where its workers write'],
    ['results without a prefix', () => ({ results: { bucket: bucket(stack, 'reports') } }), 'the results of Stack/Totals have no prefix: name a folder of their own'],
    ['results that are no folder', () => results('results/totals'), 'the results of Stack/Totals have the prefix "results/totals": expected a folder such as "totals/", which ends with "/"'],
    ['a folder that manifests cannot have', () => results('results/my totals/'), 'whose parts have letters, digits and _ - . = : @'],
    ['a folder above', () => results('results/../'), 'the results of Stack/Totals have the prefix "results/../"'],
    ['results elsewhere in the bucket', () => results('totals/'),
      'Stack/Totals has its results in "totals/", where the worker of Stack/Totals cannot write: expected a folder in the function\'s results, which are "results/"; '
        + 'change the results of the map or of the function'],
    ['results in another bucket', () => results('results/totals/', 'other'), 'expected a folder in the function\'s results, which are "results/" of another bucket'],
    ['items that are none', () => ({ items: ['a'] }), 'Stack/Totals has as items a list: expected DuckDbMapItems, such as DuckDbMapItems.fromObjects(bucket, \'orders/\')'],
    ['a function as worker', () => ({ worker: sales }), 'Stack/Totals has as worker an object of the class DuckDbQueryFunction: expected a DuckDbMapWorker'],
    ['a worker as text', () => ({ reducer: 'all-totals' }), 'Stack/Totals has as reducer "all-totals": expected a DuckDbMapWorker'],
    ['a batch without a limit', () => ({ batch: {} }), 'the batch of Stack/Totals has no limit: expected maxItems or maxBytes'],
    ['a batch of nothing', () => ({ batch: { maxItems: 0 } }), 'the batch of Stack/Totals has maxItems 0: expected a whole number of at least 1'],
    ['a batch larger than a payload', () => ({ batch: { maxBytes: 262_145 } }), 'the batch of Stack/Totals has maxBytes 262145: expected a whole number from 1 to 262144'],
    ['an unknown limit', () => ({ batch: { maxItem: 5 } }), 'did you mean "maxItems"?'],
    ['no concurrency', () => ({ maxConcurrency: 0 }), 'Stack/Totals has a maxConcurrency of 0: expected a whole number from 1 to 10000'],
    ['too much concurrency', () => ({ maxConcurrency: 10_001 }), 'Stack/Totals has a maxConcurrency of 10001: expected a whole number from 1 to 10000'],
    ['half a failure', () => ({ toleratedFailureCount: 0.5 }), 'Stack/Totals has a toleratedFailureCount of 0.5: expected a whole number of at least 0'],
    ['101 %', () => ({ toleratedFailurePercentage: 101 }), 'Stack/Totals has a toleratedFailurePercentage of 101: expected a number from 0 to 100'],
    ['a prefix too long for the keys of manifests', () => results(`results/${'a'.repeat(365)}/`), 'the results of Stack/Totals have a prefix of 374 characters: expected at most 373'],
    ['a label with a space', () => ({ label: 'my totals' }), 'Stack/Totals has the label "my totals": expected 1 to 40 letters, digits and _ - . @ +'],
    ['a label that is too long', () => ({ label: 'a'.repeat(41) }), 'expected 1 to 40 letters'],
    ['a reducer without files', () => ({ reducer: from('months', sales) }), 'the reducer of Stack/Totals is the query "months", which does not declare the parameter "files"'],
    ['a reducer with files of its own', () => ({ reducer: DuckDbMapWorker.fromQuery(sales, 'all-totals', { params: { files: [] } }) }),
      'the reducer of Stack/Totals has the parameter "files", which the map gives to it: remove it from params'],
    ['a reducer with an undeclared parameter', () => ({ reducer: DuckDbMapWorker.fromQuery(sales, 'all-totals', { params: { mont: 1 } }) }),
      'the reducer of Stack/Totals gives the query "all-totals" the parameter "mont", but its file declares "files", "month"; did you mean "month"?'],
  ])('%s', (_, props, message) => {
    sales = queryFunction(stack);
    expect(() => declareMap(stack, { worker: from('day-totals', sales), ...props() })).toThrow(message);
  });

  test('a machine in another region than its buckets or functions', () => {
    const elsewhere = (id: string) => s3.Bucket.fromBucketAttributes(stack, id, { bucketName: id, region: 'us-east-1' });
    const say = (what: string) => `${what} is in us-east-1, and the map Stack/Totals in eu-west-1: expected the same region`;
    expect(() => declareMap(stack, { items: DuckDbMapItems.fromObjects(elsewhere('far-lake'), 'orders/') })).toThrow(say('the bucket of the items of Stack/Totals'));
    stack = unbundledStack();
    const location = { bucket: elsewhere('far-reports'), prefix: 'results/' };
    expect(() => declareMap(stack, { worker: from('day-totals', queryFunction(stack, { results: location })), results: location })).toThrow(say('the bucket of the results of Stack/Totals'));
    stack = unbundledStack();
    const fn = lambda.Function.fromFunctionArn(stack, 'Far', 'arn:aws:lambda:us-east-1:111111111111:function:far');
    expect(() => declareMap(stack, { worker: DuckDbMapWorker.fromFunction(fn) })).toThrow(say('the function Stack/Far'));
  });

  test('a function whose results have a prefix that only the deployment knows', () => {
    const prefix = `${new CfnParameter(stack, 'Prefix').valueAsString}/`;
    const fn = queryFunction(stack, { results: { bucket: bucket(stack, 'reports'), prefix } });
    expect(() => declareMap(stack, { worker: from('day-totals', fn) })).toThrow(
      'expected the function\'s results to have a prefix that is not a CDK token, because keys are relative to it');
  });

  test('no props', () => {
    expect(() => new DuckDbMap(stack, 'Totals', undefined as any)).toThrow('Stack/Totals has as props undefined: expected an object, as in new DuckDbMap(this, ');
  });

  test.each([['orders/', 'orders/totals/'], ['data/orders/', 'data/'], ['', 'results/totals/'], ['results/', 'results/']])('objects in "%s" and results in "%s" of one bucket', (input, prefix) => {
    const lake = bucket(stack, 'lake');
    const fn = queryFunction(stack, { results: { bucket: lake, prefix } });
    expect(() => declareMap(stack, { items: DuckDbMapItems.fromObjects(lake, input), worker: from('day-totals', fn), results: { bucket: lake, prefix } })).toThrow(
      `Stack/Totals reads "${input}" and has its results in "${prefix}" of the same bucket: expected two prefixes of which neither begins with the other`);
  });

  test('states with names that are too long, also in a single state', () => {
    machine(stack, declareMap(stack, {}, 'a'.repeat(71)));
    expect(() => Template.fromStack(stack)).toThrow(/^Stack\/Machine has a state with the name "a{71} manifests", of 81 characters: expected at most 80/);
    stack = unbundledStack();
    machine(stack, declareMap(stack, {}, 'a'.repeat(40)).toSingleState());
    expect(() => Template.fromStack(stack)).toThrow('give the map a shorter id, or toSingleState() a short prefix, such as');
    stack = unbundledStack();
    machine(stack, declareMap(stack, {}, 'a'.repeat(40)).toSingleState({ prefixStates: 'T: ' }));
    expect(() => Template.fromStack(stack)).not.toThrow();
  });

  test('a map in one whose items run in executions of the type EXPRESS', () => {
    const each = new sfn.DistributedMap(stack, 'Each', { itemsPath: '$.years', mapExecutionType: sfn.StateMachineType.EXPRESS });
    machine(stack, each.itemProcessor(declareMap(stack).toSingleState()));
    expect(() => Template.fromStack(stack)).toThrow('Stack/Totals is in the map "Each", whose mapExecutionType is EXPRESS: expected STANDARD');
  });

  test('an express machine', () => {
    machine(stack, declareMap(stack), { stateMachineType: sfn.StateMachineType.EXPRESS });
    expect(() => Template.fromStack(stack)).toThrow('Stack/Totals is in Stack/Machine, whose stateMachineType is EXPRESS: expected STANDARD');
  });
});
