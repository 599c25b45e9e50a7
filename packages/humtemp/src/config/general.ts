import { duration, pattern } from './kinds.js';
import { type ValuesOf, withDefault } from './variable.js';

/** What concerns every role. */
export const GENERAL = {
  heading: 'Process',
  variables: {
    logLevel: withDefault(
      'HUMTEMP_LOG_LEVEL',
      'info',
      'least severe messages that are logged',
      pattern(/^(error|warn|info|debug)$/, 'error, warn, info or debug'),
    ),
    stopGraceS: withDefault(
      'HUMTEMP_STOP_GRACE',
      '10s',
      'longest time that the last commits may take when humtemp stops',
      duration(),
    ),
  },
} as const;

export type GeneralValues = ValuesOf<typeof GENERAL>;
