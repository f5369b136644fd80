import { readFileSync } from 'node:fs';

type Fields = { readonly [name: string]: any };

/** The states of the one state machine in a template. */
export function statesOf(template: string): Fields {
  const { Resources } = JSON.parse(readFileSync(template, 'utf8'));
  const machine = Object.values<Fields>(Resources).find(({ Type }) => Type === 'AWS::StepFunctions::StateMachine')!;
  const text = machine.Properties.DefinitionString['Fn::Join'][1].map((part: unknown) => (typeof part === 'string' ? part : 'a reference')).join('');
  return JSON.parse(text).States;
}

/** What Step Functions makes of a task's parameters, as far as the examples need it. */
export function valueOf(template: Fields, input: Fields): Fields {
  return Object.fromEntries(Object.entries(template).map(([name, value]) => {
    if (!name.endsWith('.$')) return [name, typeof value === 'object' ? valueOf(value, input) : value];
    const [, format, path] = /^States\.Format\('(.*)', \$\.(\w+)\)$/.exec(value) ?? [];
    return [name.slice(0, -2), format === undefined ? input[value.slice(2)] : format.replace('{}', input[path!])];
  }));
}
