export {
  type AccessControl,
  type AccessOptions,
  type ClientIdentity,
  OPEN_ACCESS,
  openAccess,
  type ReloadableAccess,
} from './access/access-control.js';
export {
  parsePasswordFile,
  usernameProblem,
  withAccount,
  withoutAccount,
} from './access/password-file.js';
export {
  hashPassword,
  ITERATIONS_DEFAULT,
  ITERATIONS_MAX,
  ITERATIONS_MIN,
  verifyPassword,
} from './access/password-hash.js';
export { Broker, type BrokerOptions } from './broker.js';
export type { BrokerCounters } from './counters.js';
export { type BrokerLimits, DEFAULT_LIMITS } from './limits.js';
export { CertificateError } from './listeners/certificate.js';
export type { ListenerKind } from './listeners/listener.js';
export { ListenError, type ListenerAddress } from './listeners/listeners.js';
export type { PageRule } from './listeners/web-socket-door.js';
export { brokerMeters } from './meters.js';
