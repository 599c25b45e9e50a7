import { EVERY_LAB } from './lab-filter.js';

/** What a request may see and do. Routes find it as `c.get('scope')`, also where no tokens are configured. */
export interface Scope {
  /** The name of its token; undefined where none is needed. */
  readonly name: string | undefined;
  /** Whether it is every lab, those to come included. */
  readonly isAll: boolean;
  /** Lab ids, and prefixes with * behind them. */
  readonly labs: readonly string[];
  /** Whether it may do more than read. */
  readonly mayWrite: boolean;
  allows(lab: string): boolean;
  /** False once its token has expired or is no longer in the file as it was. For answers that take long. */
  isCurrent(): boolean;
}

declare module 'hono' {
  interface ContextVariableMap {
    scope: Scope;
  }
}

/** Of requests where no tokens are configured. */
export const EVERYTHING: Scope = {
  name: undefined,
  isAll: true,
  labs: EVERY_LAB.items,
  mayWrite: true,
  allows: () => true,
  isCurrent: () => true,
};
