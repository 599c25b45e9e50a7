import { Budget } from './budget.js';

/** What the broker keeps for its clients, each kind with a budget of its own. */
export interface Budgets {
  /** Publishes and answers that wait for clients to read. */
  readonly output: Budget;
  /** Publishes that wait in sessions. */
  readonly queues: Budget;
  readonly retained: Budget;
  readonly subscriptions: Budget;
  /** Frames of which only a part has come, and what came behind a CONNECT that is not answered. */
  readonly unfinished: Budget;
  /** What CONNECTs leave: client ids, users and wills. */
  readonly connects: Budget;
  /** Packet identifiers of QoS 2 publishes that are not released. */
  readonly receipts: Budget;
}

export type BudgetKind = keyof Budgets;

/** Parts of the whole, in 32nds. */
const PARTS: Readonly<Record<BudgetKind, number>> = {
  output: 8,
  queues: 8,
  retained: 8,
  subscriptions: 4,
  unfinished: 2,
  connects: 1,
  receipts: 1,
};
/** Of each budget for one account or address. */
const SHARE_OF_ONE = 1 / 2;

/** Divides memory among the kinds. */
export function budgetsOf(bytesMax: number): Budgets {
  const budget = (kind: BudgetKind) => {
    const part = Math.floor((bytesMax * PARTS[kind]) / 32);
    return new Budget(part, Math.floor(part * SHARE_OF_ONE));
  };
  return {
    output: budget('output'),
    queues: budget('queues'),
    retained: budget('retained'),
    subscriptions: budget('subscriptions'),
    unfinished: budget('unfinished'),
    connects: budget('connects'),
    receipts: budget('receipts'),
  };
}
