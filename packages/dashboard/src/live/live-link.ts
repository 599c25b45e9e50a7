import { browserSources } from './browser-sources.js';
import { Hub } from './hub.js';
import type { HubMessage, PageMessage } from './hub-message.js';

export interface LiveLink {
  /** Tries at once. */
  retry(): void;
  /** Says which labs are in this page's window. */
  watch(ids: readonly string[]): void;
}

/** Joins the hub that this browser's pages share; where there are no shared workers, a hub of this page's own. */
export function joinHub(onMessage: (message: HubMessage) => void): LiveLink {
  return typeof SharedWorker === 'undefined' ? ownHub(onMessage) : sharedHub(onMessage);
}

function sharedHub(onMessage: (message: HubMessage) => void): LiveLink {
  let port = open();
  function open(): MessagePort {
    const worker = new SharedWorker(new URL('./hub-worker.ts', import.meta.url), { type: 'module' });
    worker.port.addEventListener('message', ({ data }: MessageEvent<HubMessage>) => onMessage(data));
    worker.port.start();
    return worker.port;
  }
  let watched: readonly string[] = [];
  const send = (message: PageMessage) => port.postMessage(message);
  window.addEventListener('pagehide', () => send('bye'));
  // A page that comes back from the browser's memory has left.
  window.addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return;
    port = open();
    send({ watch: watched });
  });
  return {
    retry: () => send('retry'),
    watch: (ids) => {
      watched = ids;
      send({ watch: ids });
    },
  };
}

function ownHub(onMessage: (message: HubMessage) => void): LiveLink {
  const hub = new Hub(browserSources);
  const { watch } = hub.join(onMessage);
  hub.start();
  return { retry: () => hub.retry(), watch };
}
