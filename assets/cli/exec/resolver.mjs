import { nearest } from './nearest.mjs';
import { attributeOf, referenceOf } from './physical-names.mjs';

/** A value that only a deployment knows. Values that are derived from it are unknown too. */
const UNKNOWN = Symbol('unknown');
const INTRINSIC = /^(?:Ref|Condition|Fn::\w+)$/;
const NO_VALUE = Symbol('AWS::NoValue');
/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html */
const DYNAMIC_REFERENCE = /\{\{resolve:[^}]*\}\}/;

/**
 * Resolves a template's intrinsic functions as far as the template, its parameters and the other stacks allow.
 *
 * It never invents a value. It collects unknown values, and an error names all of them, each with the option that sets it.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
 */
export class Resolver {
  #stack;
  #options;
  /** The option that would set an unknown value → what the value is for. */
  #unknown;
  /** The values that `--set` can set. */
  #asked;
  #conditions = new Set();

  constructor(stack, options, unknown = new Map(), asked = new Set()) {
    this.#stack = stack;
    this.#options = options;
    this.#unknown = unknown;
    this.#asked = asked;
  }

  /** The text of a variable; undefined if it has none, or if it is unknown. */
  text(value, name) {
    const resolved = this.resolve(value);
    if (resolved === UNKNOWN || resolved === NO_VALUE) return undefined;
    if (typeof resolved === 'object') throw new Error(`the variable ${name} is ${JSON.stringify(resolved)}, expected a text`);
    if (DYNAMIC_REFERENCE.test(resolved)) {
      this.#lacks(`--env ${name}=VALUE`, `${name}, which refers to ${DYNAMIC_REFERENCE.exec(resolved)[0]}`);
      return undefined;
    }
    return String(resolved);
  }

  /** Throws for a value whose name does not exist, such as a misspelt one. */
  throwUnmeant() {
    const { known, parameters } = this.#options;
    const templates = [this.#stack, ...this.#stack.others?.() ?? []].map(({ template }) => template);
    const ids = templates.flatMap(({ Resources = {}, Parameters = {} }) => Object.keys({ ...Resources, ...Parameters }));
    for (const name of known.keys()) {
      if (this.#asked.has(name) || name.startsWith('AWS::') || ids.includes(splitOnce(name)[0])) continue;
      throw new Error(`--set ${name} names nothing in ${this.#stack.file}${nearest(name, [...this.#asked, ...ids])}`);
    }
    const declared = templates.flatMap(({ Parameters = {} }) => Object.keys(Parameters));
    for (const name of parameters.keys()) {
      if (!declared.includes(name)) throw new Error(`--parameter ${name} is not a parameter of ${this.#stack.file}${nearest(name, declared)}`);
    }
  }

  /** Throws an error about `what` was resolved, such as `the environment of Sales`, that names all values that are unknown so far. */
  throwUnknown(what) {
    if (this.#unknown.size === 0) return;
    const lines = [...this.#unknown].map(([option, value]) => `  ${option}   ${value}`);
    throw new Error([`${what} has values that only a deployment knows; set them with`, ...lines].join('\n'));
  }

  resolve(value) {
    if (Array.isArray(value)) return this.#all(value);
    if (typeof value !== 'object' || value === null) return value;
    const keys = Object.keys(value);
    if (keys.length === 1 && INTRINSIC.test(keys[0])) return this.#intrinsic(keys[0], value[keys[0]]);
    const entries = keys.map((key) => [key, this.resolve(value[key])]);
    if (entries.some(([, item]) => item === UNKNOWN)) return UNKNOWN;
    return Object.fromEntries(entries.filter(([, item]) => item !== NO_VALUE));
  }

  #intrinsic(name, argument) {
    switch (name) {
      case 'Ref': return this.#ref(argument);
      case 'Condition': return this.#condition(argument);
      case 'Fn::GetAtt': return this.#attribute(...(Array.isArray(argument) ? argument : splitOnce(argument)));
      case 'Fn::Sub': return this.#sub(argument);
      case 'Fn::If': return this.#if(argument);
      case 'Fn::ImportValue': return this.#import(argument);
      case 'Fn::FindInMap': return this.#with(argument, ([map, top, second]) => this.#inMap(map, top, second));
      case 'Fn::Join': return this.#with(argument, ([separator, parts]) => parts.join(separator));
      case 'Fn::Select': return this.#with(argument, ([index, list]) => list[index]);
      case 'Fn::Split': return this.#with(argument, ([separator, text]) => text.split(separator));
      case 'Fn::Base64': return this.#with(argument, (text) => Buffer.from(text).toString('base64'));
      case 'Fn::Equals': return this.#with(argument, ([a, b]) => String(a) === String(b));
      case 'Fn::Not': return this.#with(argument, ([condition]) => !condition);
      case 'Fn::And': return this.#with(argument, (conditions) => conditions.every(Boolean));
      case 'Fn::Or': return this.#with(argument, (conditions) => conditions.some(Boolean));
      default: throw new Error(`${name} in ${this.#stack.file} cannot be resolved here: set the variable that contains it with --env NAME=VALUE`);
    }
  }

  #with(argument, work) {
    const resolved = this.resolve(argument);
    return resolved === UNKNOWN ? UNKNOWN : work(resolved) ?? '';
  }

  #all(values) {
    // Resolves all of them, so that the error names all unknown values.
    const resolved = values.map((value) => this.resolve(value));
    return resolved.includes(UNKNOWN) ? UNKNOWN : resolved.filter((value) => value !== NO_VALUE);
  }

  #ref(id) {
    const { known, parameters } = this.#options;
    this.#asked.add(id);
    if (known.has(id)) return known.get(id);
    if (id.startsWith('AWS::')) return this.#pseudo(id);
    const parameter = this.#stack.template.Parameters?.[id];
    if (parameter) return this.#parameter(id, parameter, parameters);
    const resource = this.#resource(id);
    const value = referenceOf(resource, (property) => this.resolve(property), (name) => this.#pseudo(name));
    return this.#physical(value, `--set ${id}=VALUE`, id, resource);
  }

  #parameter(id, { Type, Default }, given) {
    if (given.has(id)) return /^(?:CommaDelimitedList|List<)/.test(Type) ? given.get(id).split(',') : given.get(id);
    // The default of such a parameter is the name of the SSM parameter with the value.
    if (Default !== undefined && !Type?.startsWith('AWS::SSM::Parameter::')) return Type === 'CommaDelimitedList' ? Default.split(',') : Default;
    const source = Default === undefined ? '' : `, which is read from SSM: ${Default}`;
    return this.#lacks(`--parameter ${id}=VALUE`, `the template's parameter ${id}${source}`);
  }

  #attribute(id, attribute) {
    const { known } = this.#options;
    const name = `${id}.${attribute}`;
    this.#asked.add(name);
    if (known.has(name)) return known.get(name);
    const resource = this.#resource(id);
    const value = attributeOf(resource, attribute, (property) => this.resolve(property), (pseudo) => this.#pseudo(pseudo));
    return this.#physical(value, `--set ${name}=VALUE`, id, resource);
  }

  /** Undefined where the template does not say. */
  #physical(value, option, id, { Type, Metadata }) {
    if (value !== undefined && value !== NO_VALUE) return value;
    const path = Metadata?.['aws:cdk:path'];
    return this.#lacks(option, `of ${path?.replace(/\/Resource$/, '') ?? id}, ${Type}`);
  }

  #resource(id) {
    const { Resources } = this.#stack.template;
    const resource = Resources[id];
    if (resource) return resource;
    throw new Error(`${this.#stack.file} refers to "${id}", which is neither one of its resources nor one of its parameters${nearest(id, Object.keys(Resources))}`);
  }

  #pseudo(name) {
    const { pseudo: { region, account } } = this.#options;
    switch (name) {
      case 'AWS::Region': return region ?? this.#lacks('--region REGION', 'AWS::Region');
      case 'AWS::AccountId': return account ?? this.#lacks('--account ID', 'AWS::AccountId');
      case 'AWS::Partition': return region === undefined ? this.#lacks('--region REGION', 'AWS::Partition') : partitionOf(region);
      case 'AWS::URLSuffix': return region?.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
      case 'AWS::StackName': return this.#stack.name;
      case 'AWS::NoValue': return NO_VALUE;
      default: return this.#lacks(`--set ${name}=VALUE`, name);
    }
  }

  #sub(argument) {
    const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
    let isKnown = true;
    const result = text.replace(/\$\{(!?)([^}]+)\}/g, (whole, literal, name) => {
      if (literal) return `\${${name}}`;
      const value = Object.hasOwn(variables, name) ? this.resolve(variables[name]) : this.#named(name);
      isKnown &&= value !== UNKNOWN;
      return String(value);
    });
    return isKnown ? result : UNKNOWN;
  }

  #named(name) {
    return name.includes('.') ? this.#attribute(...splitOnce(name)) : this.#ref(name);
  }

  #if([condition, yes, no]) {
    const value = this.#condition(condition);
    return value === UNKNOWN ? UNKNOWN : this.resolve(value ? yes : no);
  }

  #condition(name) {
    const { Conditions } = this.#stack.template;
    if (!Object.hasOwn(Conditions ?? {}, name) || this.#conditions.has(name)) {
      throw new Error(`${this.#stack.file} has no condition "${name}" that can be evaluated`);
    }
    this.#conditions.add(name);
    const value = this.resolve(Conditions[name]);
    this.#conditions.delete(name);
    return value;
  }

  #inMap(map, top, second) {
    const value = this.#stack.template.Mappings?.[map]?.[top]?.[second];
    if (value === undefined) throw new Error(`${this.#stack.file} has no ${map}.${top}.${second} in its Mappings`);
    return value;
  }

  /** The value of an export of another stack in the assembly. */
  #import(argument) {
    const name = this.resolve(argument);
    if (name === UNKNOWN) return UNKNOWN;
    this.#asked.add(name);
    if (this.#options.known.has(name)) return this.#options.known.get(name);
    for (const stack of this.#stack.others?.() ?? []) {
      const exporting = new Resolver({ ...stack, others: this.#stack.others }, this.#options, this.#unknown, this.#asked);
      const outputs = Object.values(stack.template.Outputs ?? {});
      const output = outputs.find(({ Export }) => Export !== undefined && exporting.resolve(Export.Name) === name);
      if (output) return exporting.resolve(output.Value);
    }
    return this.#lacks(`--set ${name}=VALUE`, 'what another stack exports');
  }

  #lacks(option, what) {
    this.#unknown.set(option, what);
    return UNKNOWN;
  }
}

function splitOnce(name) {
  const at = name.indexOf('.');
  if (at === -1) return [name];
  return [name.slice(0, at), name.slice(at + 1)];
}

function partitionOf(region) {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
