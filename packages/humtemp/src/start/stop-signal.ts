import { closeSync, openSync } from 'node:fs';

/**
 * The first signal to stop; a second one ends the process at once. SIGHUP is one when the terminal that
 * somebody looks on from has been closed; else it means to read files again.
 */
export function stopSignal(readAgain: () => void): Promise<NodeJS.Signals> {
  // Not with nohup, which leads the output elsewhere.
  const hadTerminal = process.stdout.isTTY && hasTerminal();
  return new Promise((resolve) => {
    let stopping = false;
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(name, () => {
        if (name === 'SIGHUP' && (!hadTerminal || hasTerminal())) {
          readAgain();
          return;
        }
        if (stopping) process.exit(1);
        stopping = true;
        resolve(name);
      });
  });
}

/** Whether we belong to a terminal that is still there [tty(4)]. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
