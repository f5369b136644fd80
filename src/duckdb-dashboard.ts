import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { expectKnownProps, expectList, expectObject, expectProps, PropNames } from './checks/expect';
import { DuckDbAlarmOptions } from './duckdb-alarm-options';
import { IDuckDbFunction } from './duckdb-host';

/** Properties of a `DuckDbDashboard`. */
export interface DuckDbDashboardProps {
  /** The functions, in the order in which they are shown. Each needs `metrics: true`. */
  readonly functions: IDuckDbFunction[];

  /**
   * Switches alarms on for every function, and shows them above the graphs.
   *
   * @default - no alarms
   */
  readonly alarms?: DuckDbAlarmOptions;

  /**
   * The dashboard's name in CloudWatch.
   *
   * @default - CloudFormation makes one
   */
  readonly dashboardName?: string;
}

const PROPS: PropNames<DuckDbDashboardProps> = { functions: true, alarms: true, dashboardName: true };

/**
 * A CloudWatch dashboard of functions with DuckDB: invocations, durations by step and query, errors by code, cold starts, rows, memory and spill.
 *
 * @example
 * declare const sales: DuckDbQueryFunction;
 * declare const reports: DuckDbFunction;
 *
 * new DuckDbDashboard(this, 'Dashboard', { functions: [sales, reports], alarms: { errors: 5 } });
 */
export class DuckDbDashboard extends Construct {
  /** The dashboard, to which you may add widgets of your own. */
  public readonly dashboard: cloudwatch.Dashboard;

  /** The alarms; empty if they are not switched on. */
  public readonly alarms: cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, props: DuckDbDashboardProps) {
    super(scope, id);
    const at = this.node.path;
    expectProps(props, at, 'new DuckDbDashboard(this, \'Dashboard\', { functions: [sales] })', PROPS);
    expectKnownProps(props, PROPS, at);
    const { functions, alarms, dashboardName } = props;
    expectList(functions, `${at} has as functions`, '[sales]');
    if (functions.length === 0) throw new Error(`${at} has no functions: name at least one, as in functions: [sales]`);
    for (const fn of functions) expectObject(fn, 'dashboardWidgets', `${at} has among its functions`, 'a DuckDbFunction or a DuckDbQueryFunction');

    this.alarms = alarms === undefined ? [] : functions.flatMap((fn) => fn.createAlarms(alarms));
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', { dashboardName });
    if (this.alarms.length > 0) this.dashboard.addWidgets(new cloudwatch.AlarmStatusWidget({ alarms: this.alarms, width: 24 }));
    for (const fn of functions) this.dashboard.addWidgets(...fn.dashboardWidgets());
  }
}
