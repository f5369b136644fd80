import { ArnFormat, Aspects, CfnResource, IAspect, Stack, Stage } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { IConstruct } from 'constructs';

const POLICY = 'DuckDbMapPolicy';

/** What only the state machine with the map in it allows: to check it, and to let it start, follow, stop and redrive the runs of its workers. */
export class MapMachine implements IAspect {
  /** The map is found by its comment in the definition, because CDK does not tell which states a machine has. */
  public static watch(map: IConstruct, comment: string): void {
    Aspects.of(Stage.of(map) ?? map.node.root).add(new MapMachine(map, comment));
  }

  private constructor(private readonly map: IConstruct, private readonly comment: string) {}

  public visit(node: IConstruct): void {
    if (!isStateMachine(node) || !definition(node).includes(JSON.stringify(this.comment))) return;
    this.check(node);
    if (node.node.tryFindChild(POLICY) === undefined) grantRuns(node);
  }

  private check(machine: sfn.StateMachine): void {
    if (machine.stateMachineType !== sfn.StateMachineType.EXPRESS) return;
    throw new Error(`${this.map.node.path} is in ${machine.node.path}, whose stateMachineType is EXPRESS: expected STANDARD, because AWS runs a distributed map only there; `
      + 'remove the stateMachineType');
  }
}

function isStateMachine(node: IConstruct): node is sfn.StateMachine {
  const { defaultChild } = node.node;
  return defaultChild !== undefined && CfnResource.isCfnResource(defaultChild)
    && defaultChild.cfnResourceType === sfn.CfnStateMachine.CFN_RESOURCE_TYPE_NAME && 'role' in node;
}

/** The text of a machine's definition, without what only a deployment knows. */
function definition(machine: sfn.StateMachine): string {
  const text = Stack.of(machine).resolve((machine.node.defaultChild as sfn.CfnStateMachine).definitionString);
  const parts: unknown[] = text?.['Fn::Join']?.[1] ?? [text];
  return parts.filter((part) => typeof part === 'string').join('');
}

/**
 * Grants what CDK forgets: everything, if the map is in a Parallel, as in `toSingleState()`; and in any case to follow, stop and redrive executions.
 *
 * The machine depends on its role's own policy, which therefore cannot name the machine.
 *
 * @see https://github.com/aws/aws-cdk/issues/35391
 * @see https://github.com/aws/aws-cdk/issues/35390
 * @see https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
 */
function grantRuns(machine: sfn.StateMachine): void {
  const execution = Stack.of(machine).formatArn({
    service: 'states', resource: 'execution', resourceName: machine.stateMachineName, arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  machine.role.attachInlinePolicy(new iam.Policy(machine, POLICY, {
    statements: [
      new iam.PolicyStatement({ actions: ['states:StartExecution'], resources: [machine.stateMachineArn] }),
      new iam.PolicyStatement({ actions: ['states:DescribeExecution', 'states:StopExecution'], resources: [`${execution}:*`] }),
      new iam.PolicyStatement({ actions: ['states:RedriveExecution'], resources: [`${execution}/*:*`] }),
    ],
  }));
}
