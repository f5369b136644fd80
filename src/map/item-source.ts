import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';

/** Where a map's items come from, and what they are. */
export interface ItemSource {
  /** Whether an item is an object of S3, an object with fields, a plain value, or not known. */
  readonly kind: 'file' | 'object' | 'value' | 'unknown';
  /** The `s3://` URL of an item that is an object of S3, as an expression of the ItemSelector. */
  readonly fileUrl?: string;
  /** The fields of every item, if they are known. */
  readonly fields?: string[];
  /** What Step Functions reads the items from; if undefined, they are in the input. */
  readonly reader?: sfn.IItemReader;
  /** The path of the items in the input. */
  readonly itemsPath?: string;
  /** How many workers there are, if that can be known. */
  readonly count?: WorkerCount;
  /** The state that comes before the map and makes its items. */
  readonly before?: sfn.State & sfn.INextable;
  /** The objects that are read. Results must not lie among them. */
  readonly input?: { readonly bucket: s3.IBucket; readonly prefix: string };
}

/** The number of workers, as expressions of a state with the map's input. */
export interface WorkerCount {
  /** If each gets one item. */
  readonly one: unknown;
  /** The least number if each gets at most so many items. Step Functions cannot divide, so it is not known for every number of items. */
  readonly inBatches?: (mostItems: number) => unknown;
}
