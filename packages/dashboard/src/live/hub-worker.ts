/// <reference lib="webworker" />
import { browserSources } from './browser-sources.js';
import { Hub } from './hub.js';
import type { PageMessage } from './hub-message.js';

/** The hub of all pages of a browser. It ends with the last of them. */
const scope = self as unknown as SharedWorkerGlobalScope;
const hub = new Hub(browserSources);
hub.start();

scope.addEventListener('connect', ({ ports: [port] }) => {
  if (port === undefined) return;
  const { leave, watch } = hub.join((message) => port.postMessage(message));
  port.addEventListener('message', ({ data }: MessageEvent<PageMessage>) => {
    if (data === 'bye') leave();
    else if (data === 'retry') hub.retry();
    else watch(data.watch);
  });
  port.start();
});
