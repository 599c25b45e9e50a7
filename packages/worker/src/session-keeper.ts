import { abandonedSessions, hasPartner, sessionsOfClient } from './abandoned-sessions.js';
import { BrokerConnection, isShared, type ProtocolVersion } from './broker-connection.js';
import {
  sessionName,
  sessionOf,
  sessionValue,
  subscriptionsOf,
  type WorkerSession,
} from './session-record.js';
import { withoutPassword } from './transport.js';
import type { WorkerOptions } from './worker.js';

/** A session is left when nothing has come from it for this long. */
const DRAINED_AFTER_MS = 3000;
const DRAINED_CHECK_MS = 100;
export const FIRST_RECORD_RETRY_MS = 100;
const FIRST_RECORD_QUIET_ATTEMPTS = 10;

/**
 * Sees to it that no share of a shared subscription is stranded. A broker goes on handing a dead worker its
 * share, into a session that nobody reads. So every worker records its session in the store, again and again;
 * and a session of the same group and broker that nobody has served for a while is adopted: a living worker
 * that has its topics connects under its client id, unsubscribes, so that no more is handed to it, and takes
 * in what has waited. Of a session with other topics it would not know what to count: that is left to a
 * worker that has them, and logged if there is none.
 *
 *     served ──no record for adoptAfterS, seen twice──▶ adopted ──nothing had waited──▶ forgotten
 *        ▲                                              │
 *        └──────its worker returns and connects─────────┘
 *
 * If the worker returns, the broker gives it its session back, and the adopter leaves.
 */
export class SessionKeeper {
  /** With the topics that we want. */
  #ours: WorkerSession;
  /** Topics of earlier runs, or of earlier sources, that our session may still be subscribed to. */
  #earlier: readonly string[] = [];
  /** Whether the record of an earlier run was looked for. */
  #knowsEarlier = false;
  #version: ProtocolVersion = 5;
  #timers: NodeJS.Timeout[] = [];
  #touched = false;
  #touchError = '';
  #isGivenUp = false;
  /** Whether another worker could have taken our share, when we last looked. */
  #sawPartner = false;
  #touchedAtMs = performance.now();
  /** By client id, as the next. */
  #abandonedBefore = new Set<string>();
  /** Sessions that we have said must be left to others. */
  readonly #warnedOf = new Set<string>();
  #adopted: BrokerConnection | undefined;
  #adopting: Promise<void> | undefined;
  readonly #stop = new AbortController();

  constructor(
    readonly options: WorkerOptions,
    /** Called when another process turns out to serve our session. */
    readonly onTakenOver: () => void,
    /** Called again and again with the reason why we do not begin. */
    readonly onWaiting: (reason: string) => void,
  ) {
    const { sources, url, group, clientId } = options;
    this.#ours = sessionOf(sources.filters, url, group, clientId);
  }

  /**
   * From now on our session has these topics. Until they are recorded, and earlier ones are left, both count.
   */
  serve(filters: readonly string[]): void {
    const { url, group, clientId } = this.options;
    this.#earlier = [...new Set([...this.#earlier, ...this.#ours.topics])];
    this.#ours = sessionOf(filters, url, group, clientId);
  }

  /** The broker has granted all our subscriptions: from now on, what comes waits for us there. */
  async subscribed(): Promise<void> {
    this.#ours = { ...this.#ours, isSubscribed: true };
    await this.#touchOurs();
  }

  /**
   * Gives our session up, if another worker of the group is alive that has all its topics: then we may
   * unsubscribe, so that our share goes to the others at once. Two that stop at the same moment never both
   * find another: each takes its own record back before it looks.
   * @returns whether there is one. If not, our session goes on to collect what comes.
   */
  async giveUp(): Promise<boolean> {
    const { store } = this.options;
    // A single worker stops at once, without asking the store.
    if (!this.#sawPartner) return false;
    for (const timer of this.#timers) clearInterval(timer);
    this.#isGivenUp = true;
    try {
      await this.#untilStopped(store.forgetSession(sessionName(this.#ours)));
      if (hasPartner(await this.#untilStopped(store.sessions()), this.#ours)) return true;
    } catch {
      // Nobody knows, so we are not sure of another.
    }
    await this.keepRecord();
    return false;
  }

  /**
   * Leaves a record of our session all the same: something waits in it, which another worker may take in
   * later.
   */
  async keepRecord(): Promise<void> {
    this.#isGivenUp = false;
    await this.#touchOurs();
  }

  /** Whether our record has run out, so that another worker may rightly have adopted our session. */
  get hasLapsed(): boolean {
    return performance.now() - this.#touchedAtMs > this.options.adoptAfterS * 1000;
  }

  /**
   * Whether another process says that it serves our session, though we had recorded it in time: it has our
   * client id. Brokers say to a client that its session was taken over only in MQTT 5, and not all of them
   * do.
   */
  async isTakenOver(): Promise<boolean> {
    if (this.hasLapsed) return false;
    const owner = await this.#ownerOf(sessionName(this.#ours));
    return this.#touched && owner !== undefined && owner !== this.options.process;
  }

  /** Begins to keep our session. Before it is subscribed: a worker that dies then must be known. */
  async start(version: ProtocolVersion): Promise<void> {
    this.#version = version;
    // Until the store has heard of us once; after that, an interval is soon enough.
    for (let i = 1; !this.#isStopped && !(await this.#touchOurs()) && !this.#touched; i++) {
      // A store that has just not connected yet is not worth a warning.
      if (i > FIRST_RECORD_QUIET_ATTEMPTS)
        this.onWaiting(`the store does not record our session: ${this.#touchError}`);
      await new Promise((resolve) => setTimeout(resolve, FIRST_RECORD_RETRY_MS));
    }
    if (this.#timers.length > 0 || this.#isStopped) return;
    const sixthMs = (this.options.adoptAfterS * 1000) / 6;
    this.#timers = [
      setInterval(() => void this.#keep(), sixthMs),
      setInterval(() => void this.#look(), 2 * sixthMs),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  /**
   * Ends what is left in our session of another group or of other topics: the broker would go on handing it a
   * share of those too.
   */
  async leaveOthers(connection: BrokerConnection): Promise<void> {
    const { store } = this.options;
    const stored = await this.#untilStopped(store.sessions()).catch(() => []);
    this.#sawPartner = hasPartner(stored, this.#ours);
    const wanted = this.#subscriptions;
    for (const session of sessionsOfClient(stored, this.#ours)) {
      const left = subscriptionsOf(session.topics, session.group).filter((one) => !wanted.includes(one));
      try {
        if (connection.sessionPresent && left.length > 0) await connection.unsubscribe(left);
        if (session.group !== this.#ours.group)
          await this.#untilStopped(store.forgetSession(sessionName(session)));
        else if (left.length > 0) {
          this.#earlier = [];
          await this.#touchOurs();
        }
      } catch {
        // The next connection will try again.
      }
    }
  }

  stopReading(): void {
    this.#adopted?.stopReading();
  }

  /**
   * Leaves the adopted session, too. Waits for the broker as long as a connection does, and for the store not
   * at all.
   */
  async stop(): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#adopted?.close();
    // How that went is for the look that began it.
    await this.#adopting?.catch(() => {});
  }

  get #subscriptions(): readonly string[] {
    return subscriptionsOf(this.#ours.topics, this.#ours.group);
  }

  get #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** What others may never answer, up to our end. @throws once we are stopped. */
  #untilStopped<T>(answer: Promise<T>): Promise<T> {
    const { signal } = this.#stop;
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(new Error('the worker was stopped'));
      if (signal.aborted) giveUp();
      signal.addEventListener('abort', giveUp);
      answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
    });
  }

  /** Renews our record, unless another process has made its own. */
  async #keep(): Promise<void> {
    if (await this.isTakenOver()) this.onTakenOver();
    else await this.#touchOurs();
  }

  /**
   * Renews the record of an adopted session, unless its worker has returned and made its own: then that one
   * has it.
   */
  async #keepAdopted(session: WorkerSession): Promise<void> {
    if (await this.#isOurs(sessionName(session))) await this.#touch(session);
    else this.#adopted?.abort();
  }

  async #isOurs(name: string): Promise<boolean> {
    const owner = await this.#ownerOf(name);
    return owner === undefined || owner === this.options.process;
  }

  /** Undefined also if the store does not say. */
  #ownerOf(name: string): Promise<string | undefined> {
    return this.#untilStopped(this.options.store.sessionOwner(name)).catch(() => undefined);
  }

  async #touchOurs(): Promise<boolean> {
    if (this.#isGivenUp || !(await this.#readEarlier())) return false;
    const topics = [...new Set([...this.#ours.topics, ...this.#earlier])];
    if (!(await this.#touch({ ...this.#ours, topics }))) return false;
    this.#touched = true;
    this.#touchedAtMs = performance.now();
    return true;
  }

  /** Before our first record replaces that of an earlier run, whose topics must not be forgotten. */
  async #readEarlier(): Promise<boolean> {
    if (this.#knowsEarlier) return true;
    try {
      const stored = await this.#untilStopped(this.options.store.sessions());
      const same = sessionsOfClient(stored, this.#ours).filter(({ group }) => group === this.#ours.group);
      this.#earlier = [...this.#earlier, ...same.flatMap(({ topics }) => topics)];
      this.#knowsEarlier = true;
      return true;
    } catch (error) {
      this.#touchError = (error as Error).message;
      return false;
    }
  }

  async #touch(session: WorkerSession): Promise<boolean> {
    try {
      const { store, process, adoptAfterS } = this.options;
      const [name, value] = [sessionName(session), sessionValue(session)];
      await this.#untilStopped(store.touchSession(name, process, adoptAfterS, value));
      return true;
    } catch (error) {
      this.#touchError = (error as Error).message;
      // The store is away, and so is everybody's record: nobody can adopt anything.
      return false;
    }
  }

  /**
   * Adopts a session that was abandoned at the last look already: after a time without store, all seem to be.
   */
  async #look(): Promise<void> {
    if (this.#adopting !== undefined || !this.#subscriptions.some(isShared)) return;
    try {
      const sessions = await this.#untilStopped(this.options.store.sessions());
      if (this.#isStopped) return;
      this.#sawPartner = hasPartner(sessions, this.#ours);
      const { adoptable, stranded } = abandonedSessions(sessions, this.#ours);
      const before = this.#abandonedBefore;
      this.#abandonedBefore = new Set([...adoptable, ...stranded].map(({ clientId }) => clientId));
      for (const { clientId, topics } of stranded)
        if (before.has(clientId))
          this.#warnOnce(
            clientId,
            { clientId, topics: topics.join() },
            'a session was left behind with topics that no worker has; start one with them to empty it',
          );
      const session = adoptable.find(({ clientId }) => before.has(clientId));
      if (session === undefined) return;
      this.#adopting = this.#adopt(session);
      await this.#adopting;
    } catch (error) {
      this.options.log.debug({ error: (error as Error).message }, 'could not look after abandoned sessions');
    } finally {
      this.#adopting = undefined;
    }
  }

  #warnOnce(clientId: string, details: object, message: string): void {
    if (this.#warnedOf.has(clientId)) return;
    this.#warnedOf.add(clientId);
    this.options.log.warn(details, message);
  }

  async #adopt(session: WorkerSession): Promise<void> {
    const { log, url, intake, store } = this.options;
    const { clientId } = session;
    const name = sessionName(session);
    let isOthers = false;
    const connection = new BrokerConnection(
      {
        ...this.options,
        clientId,
        onAcknowledge: () => {},
        onDropped: () => {},
        onUnknownTopic: (topic) => {
          isOthers = true;
          this.#warnOnce(
            clientId,
            { clientId, topic },
            'a session was left behind with publishes on a topic of no filter; start its worker again to empty it',
          );
          return 'keep';
        },
      },
      this.#version,
    );
    this.#adopted = connection;
    // Our record of it keeps others away.
    const touch = setInterval(() => void this.#keepAdopted(session), (this.options.adoptAfterS * 1000) / 6);
    try {
      await this.#touch(session);
      await connection.open();
      await connection.unsubscribe(subscriptionsOf(session.topics, session.group));
      if (connection.sessionPresent) await drained(connection);
      await connection.close();
      await this.#untilStopped(intake.whenSettled());
      if (connection.taken > 0 || isOthers || !(await this.#isOurs(name))) return;
      await this.#untilStopped(store.forgetSession(name));
    } finally {
      const { taken: publishes } = connection;
      if (publishes > 0)
        log.warn(
          { clientId, publishes, broker: withoutPassword(url) },
          'took in what had waited for a worker that is gone',
        );
      clearInterval(touch);
      connection.abort();
      this.#adopted = undefined;
    }
  }
}

/** Resolves when nothing has come for a while and everything is acknowledged, or the connection has ended. */
async function drained(connection: BrokerConnection): Promise<void> {
  let ended = false;
  void connection.ended.then(() => {
    ended = true;
  });
  let quietSinceMs = performance.now();
  while (!ended && performance.now() - quietSinceMs < DRAINED_AFTER_MS) {
    await new Promise((resolve) => setTimeout(resolve, DRAINED_CHECK_MS));
    if (connection.unacknowledged > 0) quietSinceMs = performance.now();
  }
}
