export { freePort } from './free-port.js';
export { mosquittoClient } from './mosquitto-client.js';
export { type MosquittoOptions, startMosquitto } from './mosquitto-service.js';
export { compileWithPaho, pythonWithPaho } from './paho.js';
export type { ServiceSource } from './program-source.js';
export { type RedisOptions, startRedis } from './redis-service.js';
export type { Service } from './service.js';
export { type TemporaryFolder, temporaryFolder } from './temporary-folder.js';
