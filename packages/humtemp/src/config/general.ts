import { duration, host, pattern, port } from './kinds.js';
import { optional, type ValuesOf, withDefault } from './variable.js';

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
    healthPort: optional(
      'HUMTEMP_HEALTH_PORT',
      'port of its own for /livez, /readyz and /metrics, in every role and without tokens',
      port,
    ),
    healthHost: withDefault('HUMTEMP_HEALTH_HOST', '127.0.0.1', 'address that this port listens on', host),
    stopGraceS: withDefault(
      'HUMTEMP_STOP_GRACE',
      '10s',
      'longest time that the last commits may take when humtemp stops',
      duration(),
    ),
  },
} as const;

export type GeneralValues = ValuesOf<typeof GENERAL>;
