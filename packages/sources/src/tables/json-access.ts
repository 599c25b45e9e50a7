/** What parsed JSON is, but for numbers, texts, booleans and null. */
export type Container = Readonly<Record<string, unknown>> | readonly unknown[];

export function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A member of an object's own, or undefined: never something that every object has, such as `constructor`.
 */
export function memberOf(value: unknown, key: string): unknown {
  if (!isObject(value)) return undefined;
  if (!(key in Object.prototype)) return value[key];
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

/** The value itself, or its member `value`, as sensors often wrap what they measure. */
export function unwrapped(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const inner = memberOf(value, 'value');
  return inner === undefined ? value : inner;
}
