/** How the text of a variable is read, and which texts it may be. */
export interface Kind<T> {
  /** The unit and the bounds, as help and tables print them. */
  readonly values: string;
  /** @throws RangeError that names what was expected. */
  readonly parse: (text: string) => T;
}

/** One environment variable: its name, its default as one would write it, what it means, how it is read. */
export interface Variable<T> extends Kind<T> {
  readonly name: string;
  /** Undefined: unset means not configured. */
  readonly default: string | undefined;
  /** One sentence that stands alone. */
  readonly meaning: string;
  /** The text as messages may show it. */
  readonly shown: (text: string) => string;
  /** It may hold a password: messages hide it, and it may stand in a file. */
  readonly isSecret: boolean;
}

/** Variables that belong together, under the heading that help and documents print. */
export interface VariableGroup {
  readonly heading: string;
  readonly variables: Readonly<Record<string, Variable<unknown>>>;
}

/** What the variables of a group say, read. */
export type ValuesOf<Group extends VariableGroup> = {
  readonly [Key in keyof Group['variables']]: Group['variables'][Key] extends Variable<infer T>
    ? Group['variables'][Key] extends { readonly default: string }
      ? T
      : T | undefined
    : never;
};

const asItIs = (text: string) => text;

export function withDefault<T>(
  name: string,
  fallback: string,
  meaning: string,
  kind: Kind<T>,
): Variable<T> & { readonly default: string } {
  return { ...kind, name, default: fallback, meaning, shown: asItIs, isSecret: false };
}

export function optional<T>(
  name: string,
  meaning: string,
  kind: Kind<T>,
  shown = asItIs,
): Variable<T> & { readonly default: undefined } {
  return { ...kind, name, default: undefined, meaning, shown, isSecret: false };
}

/** One that may hold a password. @param shown hides it */
export function secret<T>(
  name: string,
  meaning: string,
  kind: Kind<T>,
  shown: (text: string) => string,
): Variable<T> & { readonly default: undefined } {
  return {
    ...optional(name, `${meaning}; or ${name}_FILE, a file whose first line it is`, kind, shown),
    isSecret: true,
  };
}
