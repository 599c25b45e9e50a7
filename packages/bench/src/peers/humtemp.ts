import { startHumtemp } from '../processes/humtemp-process.js';
import type { Peer } from './peer.js';

/** `humtemp start` as it is without any setting: embedded broker, embedded store, API, one process. */
export const humtempPeer: Peer = {
  name: 'humtemp',
  acknowledges: 'committed to the disk',
  commitsFirst: true,
  async start(processes, { profileFolder }) {
    const env = { HUMTEMP_DATA_DIR: await processes.folder() };
    const { process, ...started } = await startHumtemp(processes, env, { profileFolder });
    return { ...started, processes: [process] };
  },
};
