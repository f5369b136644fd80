import { ArnFormat, Aspects, CfnResource, IAspect, Stack, Stage } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { IConstruct } from 'constructs';

const POLICY = 'DuckDbMapPolicy';

/** The limit of Step Functions for the names of states. */
const LONGEST_NAME = 80;

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
    const states = statesOf(JSON.parse(definition(machine)));
    const long = states.find(({ name }) => name.length > LONGEST_NAME);
    if (long) {
      throw new Error(`${machine.node.path} has a state with the name ${JSON.stringify(long.name)}, of ${long.name.length} characters: expected at most ${LONGEST_NAME}. `
        + 'The states of a map are named after its id, and toSingleState() puts the id before them once more: give the map a shorter id, or toSingleState() a short prefix, such as { prefixStates: \'T: \' }');
    }
    const express = states.find(({ isExpress, text }) => isExpress && text.includes(JSON.stringify(this.comment)));
    if (express) {
      throw new Error(`${this.map.node.path} is in the map ${JSON.stringify(express.name)}, whose mapExecutionType is EXPRESS: expected STANDARD, because AWS runs a distributed map only `
        + 'there; remove the mapExecutionType');
    }
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

interface MachineState {
  readonly name: string;
  /** Whether it is a map whose items run in executions of the type EXPRESS. */
  readonly isExpress: boolean;
  /** The states in it, as JSON. */
  readonly text: string;
}

/** All states of a definition, also those within others. */
function statesOf(part: unknown): MachineState[] {
  if (typeof part !== 'object' || part === null) return [];
  const { States = {}, ...others } = part as { States?: { [name: string]: any } };
  const own = Object.entries(States).map(([name, { ItemProcessor }]) => (
    { name, isExpress: ItemProcessor?.ProcessorConfig?.ExecutionType === 'EXPRESS', text: JSON.stringify(ItemProcessor?.States ?? {}) }
  ));
  return [...own, ...[...Object.values(States), ...Object.values(others)].flatMap(statesOf)];
}

/** The text of a machine's definition, with 0 for what only a deployment knows, which may be a part of a text or a number. */
function definition(machine: sfn.StateMachine): string {
  const text = Stack.of(machine).resolve((machine.node.defaultChild as sfn.CfnStateMachine).definitionString);
  const parts: unknown[] = text?.['Fn::Join']?.[1] ?? [text];
  return parts.map((part) => (typeof part === 'string' ? part : '0')).join('');
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
