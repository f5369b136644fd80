import { type SecretReference, secretReference } from '../aws/secrets';
import type { StepConfig } from '../base/config';
import { ConfigError } from '../base/errors';

type Check<T> = (value: unknown) => value is T;

/** A step's configuration. Each value is checked when it is read. Throws `CONFIG` for an invalid value. */
export class StepOptions {
  /** `path` leads to the configuration's part that is read here; messages put it before a value's name. */
  constructor(private readonly step: StepConfig, private readonly path = '') {}

  /** The options in an object of the configuration. */
  part(name: string): StepOptions | undefined {
    const config = this.object(name);
    return config && new StepOptions({ ...this.step, config }, `${this.path}${name}.`);
  }

  text(name: string): string | undefined {
    return this.read(name, (value): value is string => typeof value === 'string' && value !== '', 'a text');
  }

  requiredText(name: string): string {
    return this.text(name) ?? this.refuse(name, 'a text');
  }

  /** A number, or its text, because CDK resolves a port to either at deployment. */
  number(name: string): number | undefined {
    const value = this.read(name, (given): given is string | number => /^\d+$/.test(String(given)), 'a number');
    return value === undefined ? undefined : Number(value);
  }

  flag(name: string): boolean {
    return this.read(name, (value): value is boolean => typeof value === 'boolean', 'true or false') ?? false;
  }

  texts(name: string): readonly string[] | undefined {
    return this.read(name, (value): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string'), 'a list of texts');
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    return this.read(name, (value): value is T => allowed.includes(value as T), `one of: ${allowed.join(', ')}`);
  }

  /** The configuration of a part. */
  object(name: string): Readonly<Record<string, unknown>> | undefined {
    const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
    return this.read(name, isObject, 'an object');
  }

  /** A value of any kind. */
  value(name: string): unknown {
    return this.step.config[name];
  }

  requiredSecret(name: string): SecretReference {
    return this.secret(name) ?? this.refuse(name, 'a reference to a secret');
  }

  secret(name: string): SecretReference | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : secretReference(value, `"${this.path}${name}" of the bootstrap step "${this.step.name}"`);
  }

  /** Secrets by name. */
  secrets(name: string): Readonly<Record<string, SecretReference>> {
    const value = this.read(name, (given): given is object => typeof given === 'object' && given !== null, 'secrets by name') ?? {};
    return Object.fromEntries(Object.entries(value).map(([key, reference]) => (
      [key, secretReference(reference, `"${this.path}${name}.${key}" of the bootstrap step "${this.step.name}"`)]
    )));
  }

  refuse(name: string, expected: string): never {
    throw new ConfigError(`the bootstrap step "${this.step.name}" has "${this.path}${name}": ${JSON.stringify(this.step.config[name])}, expected ${expected}`);
  }

  private read<T>(name: string, isRight: Check<T>, expected: string): T | undefined {
    const value = this.step.config[name];
    return value === undefined || isRight(value) ? value : this.refuse(name, expected);
  }
}
