import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('../child.js', import.meta.url));

export interface BenchChildOptions {
  /** Whether it has only the time of the cores that no other process wants; on Linux. */
  readonly waits?: boolean;
}

/** What the two sides send each other: a word that says what it is about, and what goes with it. */
export interface Message {
  readonly word: string;
  readonly value?: unknown;
}

/** A process of the bench itself, such as the load, as its parent sees it. The other side is told.ts. */
export class BenchChild {
  readonly name = 'load';
  readonly process: ChildProcess;

  constructor(role: string, args: object, { waits = false }: BenchChildOptions = {}) {
    // From outside, as this concerns all of its threads.
    const as = waits ? { execPath: 'chrt', execArgv: ['--idle', '0', process.execPath] } : { execArgv: [] };
    this.process = fork(CHILD, [role, JSON.stringify(args)], as);
  }

  get pid(): number {
    return this.process.pid!;
  }

  tell(word: string, value?: unknown): void {
    this.process.send({ word, value } satisfies Message);
  }

  /** What it says under this word, from now on. @throws what failed in it, or if it ends without. */
  hear<T>(word: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: Message) => {
        if (message.word !== word && message.word !== 'failed') return;
        this.process.off('message', onMessage).off('exit', onExit);
        if (message.word === word) resolve(message.value as T);
        else reject(new Error(String(message.value)));
      };
      const onExit = () => reject(new Error(`a process of the bench ended without its ${word}`));
      this.process.on('message', onMessage).once('exit', onExit);
    });
  }
}
