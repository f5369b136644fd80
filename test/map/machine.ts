import * as path from 'path';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { DuckDbMap, DuckDbMapItems, DuckDbMapProps, DuckDbMapWorker, DuckDbQueryFunction, DuckDbQueryFunctionProps } from '../../src';

const QUERIES = path.join(__dirname, '..', 'fixtures', 'map-queries');

/** A function with queries for maps. Its results are in `results/` of the bucket `reports`. */
export function queryFunction(stack: Stack, props: Partial<DuckDbQueryFunctionProps> = {}, id = 'Sales'): DuckDbQueryFunction {
  return new DuckDbQueryFunction(stack, id, { queries: QUERIES, results: { bucket: bucket(stack, 'reports'), prefix: 'results/' }, ...props });
}

/** An imported bucket, once in a stack. */
export function bucket(stack: Stack, name: string): s3.IBucket {
  return stack.node.tryFindChild(name) as s3.IBucket | undefined ?? s3.Bucket.fromBucketName(stack, name, name);
}

/** A map over the objects in `orders/` of the bucket `lake`. */
export function declareMap(stack: Stack, props: Partial<DuckDbMapProps> = {}, id = 'Totals'): DuckDbMap {
  return new DuckDbMap(stack, id, {
    items: DuckDbMapItems.fromObjects(bucket(stack, 'lake'), 'orders/'),
    worker: props.worker ?? DuckDbMapWorker.fromQuery(queryFunction(stack), 'day-totals'),
    results: { bucket: bucket(stack, 'reports'), prefix: 'results/totals/' },
    ...props,
  });
}

export function machine(stack: Stack, chainable: sfn.IChainable, props: Partial<sfn.StateMachineProps> = {}, id = 'Machine'): sfn.StateMachine {
  return new sfn.StateMachine(stack, id, { definitionBody: sfn.DefinitionBody.fromChainable(chainable), ...props });
}

/** The definition of the stack's one machine, with what only a deployment knows as `<Resource>` or `<Resource.Attribute>`. */
export function definition(stack: Stack): any {
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine'));
  return JSON.parse(readable(Properties.DefinitionString));
}

/** The statements of the machine's role, as `actions on resources if conditions`. */
export function grants(stack: Stack): string[] {
  return Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'))
    .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes('Machine'))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .map(({ Action, Resource, Condition }) => `${[Action].flat().join(', ')} on ${[Resource].flat().map(readable).join(', ')}`
      + (Condition ? ` if ${JSON.stringify(Condition)}` : ''));
}

/** Text of a template in which references are `<Resource>` or `<Resource.Attribute>`. */
function readable(value: any): string {
  if (typeof value === 'string') return value;
  if (value['Fn::Join']) return value['Fn::Join'][1].map(readable).join(value['Fn::Join'][0]);
  if (value['Fn::GetAtt']) return `<${value['Fn::GetAtt'].join('.')}>`;
  if (value['Fn::Select']) return `<part ${value['Fn::Select'][0]}>`;
  return `<${value.Ref}>`;
}
