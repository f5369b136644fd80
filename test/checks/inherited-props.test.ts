import { expectInheritedProps } from '../../src/checks/inherited-props';

const check = (name: string, files: string[], props: object) => () => expectInheritedProps(props, { entry: true }, { name, files }, 'it');

test('a prop of a base is known, and one of another interface in the file is not', () => {
  const files = ['aws-cloudwatch/lib/metric.d.ts'];
  expect(check('MetricOptions', files, { entry: 1, period: 1 })).not.toThrow();
  expect(check('MetricOptions', files, { evaluationPeriods: 1 })).toThrow('it has the prop "evaluationPeriods", which it does not know');
});

test.each<[string, string, string[]]>([
  ['no file declares the interface', 'Missing', ['missing.d.ts']],
  ['no file declares one of its bases', 'FunctionOptions', ['aws-lambda/lib/function.d.ts']],
])('where %s, only misspelt props are refused', (_, name, files) => {
  expect(check(name, files, { retryAttempts: 1 })).not.toThrow();
  expect(check(name, files, { entyr: 1 })).toThrow('it has the prop "entyr", which it does not know; did you mean "entry"?');
});
