import { FieldUtils, JsonPath } from 'aws-cdk-lib/aws-stepfunctions';
import { Invocation } from './invocation';
import { ItemSource } from './item-source';
import { declares, expectDeclared, Params, rendered } from './params';

/** Where Step Functions has the item while the ItemSelector runs. */
const ITEM = '$$.Map.Item.Value';

/** How an item becomes the parameters of a worker's event. */
export interface ItemParams {
  /** What the ItemSelector hands to a child. */
  readonly selected: { readonly [key: string]: unknown };
  /** The event's `params`, from the input of the child. */
  readonly params: unknown;
}

/** The parameters of a worker. Throws if the worker's query does not fit them. */
export function itemParams(source: ItemSource, worker: Invocation, isBatched: boolean, what: string): ItemParams {
  const extra = rendered(worker.params);
  const name = source.kind === 'file' ? 'file' : 'item';
  if (hasFields(source, worker, isBatched)) {
    checkFields(source, worker, what);
    if (Object.keys(extra).length === 0) return { selected: { params: JsonPath.objectAt(ITEM) }, params: JsonPath.objectAt('$.params') };
    return {
      selected: { item: JsonPath.objectAt(ITEM), params: extra },
      params: JsonPath.jsonMerge(JsonPath.objectAt('$.item'), JsonPath.objectAt('$.params')),
    };
  }
  const ofItem = { [name]: source.kind === 'file' ? source.fileUrl : JsonPath.objectAt(ITEM) };
  const own = Object.keys(extra).find((given) => [name, `${name}s`].includes(given.toLowerCase()));
  if (own !== undefined) throw new Error(`${what} has the parameter "${own}", which the map gives to it: remove it from params, or give it another name`);
  if (worker.query) expectDeclared(worker.query, [isBatched ? `${name}s` : name, ...Object.keys(extra)], true, what);
  return {
    selected: { params: { ...ofItem, ...extra } },
    params: isBatched ? batched(ofItem, extra) : JsonPath.objectAt('$.params'),
  };
}

/** Whether an item's fields are the parameters. A query that wants the item as a whole declares the parameter `item`. */
function hasFields({ kind }: ItemSource, { query }: Invocation, isBatched: boolean): boolean {
  return !isBatched && query !== undefined && (kind === 'object' || kind === 'unknown') && !declares(query, 'item');
}

function checkFields({ fields }: ItemSource, { query, params }: Invocation, what: string): void {
  for (const name of Object.keys(params)) {
    const field = fields?.find((each) => each !== name && each.toLowerCase() === name.toLowerCase());
    if (field !== undefined) throw new Error(`${what} has the parameter "${name}", and its items have the field "${field}": expected one spelling, because SQL ignores case; a parameter replaces the field of the same name`);
  }
  expectDeclared(query!, [...fields ?? [], ...Object.keys(params)], fields !== undefined, what);
}

/** A batch's parameters: a list of what each item gives, and one value of what does not depend on the item. */
function batched(ofItem: Params, extra: Params): Params {
  return Object.fromEntries([
    ...Object.keys(ofItem).map((name) => [`${name}s`, JsonPath.objectAt(`$.Items[*].params.${name}`)]),
    ...Object.entries(extra).map(([name, value]) => [name, JsonPath.objectAt(`$.Items[${dependsOnItem(value) ? '*' : 0}].params.${name}`)]),
  ]);
}

function dependsOnItem(value: unknown): boolean {
  return JSON.stringify(FieldUtils.renderObject({ value })).includes('$$.Map.Item.');
}
