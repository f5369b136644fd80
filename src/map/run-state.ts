import * as sfn from 'aws-cdk-lib/aws-stepfunctions';

/** The first state of a map. It says what to do if another map of the machine has states of the same names. */
export class RunState extends sfn.Pass {
  public override bindToGraph(graph: sfn.StateGraph): void {
    try {
      super.bindToGraph(graph);
    } catch (error) {
      const { message } = error as Error;
      if (!message.includes(`'${this.stateId}' occurs in both`)) throw error;
      throw new Error(`${message} They are named after the id of the map: give the maps of a machine different ids, or call prefixStates('Returns: ') of one of them`);
    }
  }
}
