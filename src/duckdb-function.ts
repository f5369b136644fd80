import { propertyInjectable } from 'aws-cdk-lib/core/lib/prop-injectable';
import { Construct } from 'constructs';
import { expectProps } from './checks/expect';
import { checkFunctionProps } from './checks/function-props';
import { DuckDbFunctionBase } from './duckdb-function-base';
import { DuckDbFunctionProps } from './duckdb-function-props';
import { builtImage } from './image/built-image';
import { prebuiltImage } from './image/prebuilt-image';

/**
 * A Lambda function whose handler queries with DuckDB.
 *
 * Its image contains the bundled handler, DuckDB's Node.js client, the extensions that its bootstrap steps need, and the runtime that the handler
 * imports as `cdk-duckdb-lambda/runtime`. The image build verifies the extensions' signatures. The steps grant the function the permissions that they
 * need.
 *
 * Synthesis needs neither Docker nor a network. The image is built when the stack is deployed.
 * @example
 * declare const lake: s3.IBucket;
 *
 * new DuckDbFunction(this, 'Reports', {
 *   entry: 'src/reports.ts',
 *   bootstrap: [new S3Step({ buckets: [lake] })],
 * });
 */
@propertyInjectable
export class DuckDbFunction extends DuckDbFunctionBase {
  /** Uniquely identifies this class, for property injectors. */
  public static readonly PROPERTY_INJECTION_ID: string = 'cdk-duckdb-lambda.DuckDbFunction';

  constructor(scope: Construct, id: string, props: DuckDbFunctionProps) {
    const at = `${scope.node.path}/${id}`;
    expectProps(props, at, 'new DuckDbFunction(this, \'Reports\', { entry: \'src/reports.ts\' })');
    checkFunctionProps(props, at, new.target !== DuckDbFunction);
    const { entry, handler, projectRoot, depsLockFilePath, bundling, code, ...options } = props;
    super(scope, id, options, (architecture) => (
      code === undefined ? builtImage(scope, props, architecture, at) : prebuiltImage(code, props, at)
    ));
  }
}
