import { apiUrl, get } from '../api/client.js';
import type { HubSources } from './hub.js';

/** The service that this page came from. Works in a page and in a worker. */
export const browserSources: HubSources = {
  openStream(listener, labs) {
    const stream = new EventSource(apiUrl('/stream', { labs: labs?.join() }));
    const onLabs = ({ data }: MessageEvent<string>) => {
      const { at, labs } = JSON.parse(data);
      listener.onLabs(at, labs);
    };
    stream.addEventListener('snapshot', onLabs);
    stream.addEventListener('changes', onLabs);
    stream.addEventListener('unavailable', () => listener.onUnavailable());
    stream.addEventListener('error', () => listener.onError());
    return stream;
  },
  ledger: () => get('/ledger', {}),
  labs: (cursor) => get('/labs', { limit: 1000, cursor }),
  clock: Date.now,
  after(ms, action) {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};
