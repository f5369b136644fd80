import { readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Example, EXAMPLES, synthesisedExamples, templateFile, templateText } from './synthesised';
import { pythonPackages, repositoryRoot, run } from '../bed';
import { describeWith } from '../bed/require';

test('every example with an app is tested', () => {
  const examples = join(repositoryRoot, 'examples');
  expect(readdirSync(examples).filter((name) => existsSync(join(examples, name, 'app.ts'))).sort()).toEqual(Object.keys(EXAMPLES).sort());
});

describeWith('python', 'the templates of the examples', () => {
  let assemblies: { [name in Example]: string };

  beforeAll(async () => {
    assemblies = await synthesisedExamples(Object.keys(EXAMPLES) as Example[]);
  });

  test('are as they were', () => {
    expect(templateText(assemblies.sales, 'Sales')).toMatchSnapshot('sales');
    expect(templateText(assemblies.reports, 'Reports')).toMatchSnapshot('reports');
    expect(templateText(assemblies.api, 'Api')).toMatchSnapshot('api');
    expect(templateText(assemblies.api, 'Website')).toMatchSnapshot('api, its website');
    expect(templateText(assemblies['step-functions'], 'LargeOrders')).toMatchSnapshot('step-functions');
    expect(templateText(assemblies['scale-out'], 'ScaleOut')).toMatchSnapshot('scale-out');
    expect(templateText(assemblies.lakehouse, 'LakehouseDatabase')).toMatchSnapshot('lakehouse, its database');
    expect(templateText(assemblies.lakehouse, 'Lakehouse')).toMatchSnapshot('lakehouse');
    expect(templateText(assemblies.iceberg, 'Iceberg')).toMatchSnapshot('iceberg');
    expect(templateText(assemblies.compaction, 'Compaction')).toMatchSnapshot('compaction');
    expect(templateText(assemblies['nightly-etl'], 'NightlyEtl')).toMatchSnapshot('nightly-etl');
    expect(templateText(assemblies['per-tenant'], 'Tenants')).toMatchSnapshot('per-tenant');
    expect(templateText(assemblies['s3-events'], 'S3Events')).toMatchSnapshot('s3-events');
    expect(templateText(assemblies['scheduled-export'], 'ScheduledExport')).toMatchSnapshot('scheduled-export');
  });

  test('leave cfn-lint nothing to say', async () => {
    const environment = await pythonPackages('cfn-lint', ['cfn-lint==1.58.0'], ['--no-compile']);
    const templates = Object.entries(EXAMPLES).flatMap(([name, stacks]) =>
      stacks.map((stack) => templateFile(assemblies[name as Example], stack)));
    // W3005: CDK names the role of a function as a dependency beside the reference to it. W1034: the oldest CDK's own function behind a Trigger.
    await run(join(environment, 'bin/cfn-lint'), ['--regions', 'us-east-1', 'eu-west-1', '--ignore-checks', 'W3005', 'W1034', '--', ...templates]);
  }, 300_000);
});
