import { until } from './until.js';

/** For the end of a test file: every socket, server and child process is gone. */
export async function noOpenHandles(): Promise<void> {
  const open = () => process.getActiveResourcesInfo().filter((kind) => /^(TCP|TLS|Process)/.test(kind));
  await until(() => open().length === 0);
}
