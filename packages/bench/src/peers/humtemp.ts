import { startHumtemp } from '../processes/humtemp-process.js';
import type { Peer } from './peer.js';

/** As many from one address are taken without a setting. */
const CONNECTIONS_PLAIN = 7500;

/** `humtemp start` as it is without any setting, but for very many connections: embedded broker, embedded store, API, one process. */
export const humtempPeer: Peer = {
  name: 'humtemp',
  acknowledges: 'committed to the disk',
  commitsFirst: true,
  async start(processes, { profileFolder, connections = 0 }) {
    const env = {
      HUMTEMP_DATA_DIR: await processes.folder(),
      ...(connections > CONNECTIONS_PLAIN && { HUMTEMP_MQTT_CONNECTIONS_MAX: `${2 * connections}` }),
    };
    const { process, ...started } = await startHumtemp(processes, env, { profileFolder });
    return { ...started, processes: [process] };
  },
};
