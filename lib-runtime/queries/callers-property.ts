import type { Declaration } from './declaration';
import type { DirectiveText } from './directive-text';
import type { SourceErrors } from './source-errors';
import { elementType, isNestedType } from './type-text';
import { didYouMean } from '../base/did-you-mean';

/** What `-- @from tenant authorizer.claims.tenant` declares, and where in the file. */
export interface CallersProperty {
  readonly parameter: string;
  readonly property: string;
  readonly start: number;
}

const EXAMPLE = 'as in -- @from tenant authorizer.claims.tenant';
/** A claim's name may be anything, also a URL. */
const PROPERTY = /^authorizer\.(claims|iam|lambda)\.(\S+)$/;
/** What AWS tells of a caller that has signed its request: strings in all forms of events. */
const IAM = ['accessKey', 'accountId', 'callerId', 'principalOrgId', 'userArn', 'userId'];

/** Reads the text of `@from`. Throws a `SourceFault` if it is wrong. */
export function readFrom(text: DirectiveText): CallersProperty {
  const parameter = text.match(/^\S*/)![0];
  const start = text.afterSpace(parameter.length);
  const property = text.slice(start);
  if (property === '') text.fail(start, `received ${text.wordAt(0)}, expected a parameter and a property of the caller, ${EXAMPLE}`);
  const [, kind, name] = PROPERTY.exec(property) ?? text.fail(start, `received ${text.wordAt(start)} as the property of the caller, expected `
    + `authorizer.claims.NAME, authorizer.iam.NAME or authorizer.lambda.NAME, ${EXAMPLE}`);
  if (kind === 'iam' && !IAM.includes(name!)) {
    text.fail(start, `received authorizer.iam.${name}, which events do not have${didYouMean(name!, IAM)}; they have: ${IAM.join(', ')}`);
  }
  return { parameter, property, start: text.inFile(0) };
}

/** Only a Lambda authorizer can return lists and objects. */
function isText(property: string): boolean {
  return !property.startsWith('authorizer.lambda.');
}

/** The properties by the lower-case names of their parameters. Adds what is wrong with them to the errors. `named` are also parameters with errors. */
export function checkFroms(
  froms: readonly CallersProperty[], parameters: readonly Declaration[], named: readonly string[], errors: SourceErrors,
): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const { parameter, property, start } of froms) {
    const key = parameter.toLowerCase();
    const declaration = parameters.find(({ name }) => name.toLowerCase() === key);
    if (properties.has(key)) {
      errors.add(start, `received @from for the parameter "${parameter}" twice: remove one of them`);
    } else if (declaration?.defaultStart !== undefined) {
      errors.add(start, `received @from for the parameter "${parameter}", which has a default: remove the default, because a caller without the property gets no answer`);
    } else if (declaration !== undefined && isText(property) && (isNestedType(declaration.type) || elementType(declaration.type) !== undefined)) {
      errors.add(start, `received @from for the parameter "${parameter}" of the type ${declaration.type}, but ${property} is a text, also of several values: `
        + 'declare VARCHAR, and split it in the SQL as your service joins it');
    } else if (declaration !== undefined) {
      properties.set(key, property);
    } else if (!named.some((name) => name.toLowerCase() === key)) {
      const hint = didYouMean(parameter, parameters.map(({ name }) => name));
      errors.add(start, `received @from for the parameter "${parameter}", which is not declared${hint}; declare it, as in -- @param ${parameter.replace(/\W/g, '') || 'tenant'} VARCHAR`);
    }
  }
  return properties;
}
