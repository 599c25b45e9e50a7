import type { AccessControl, ClientIdentity } from '../access/access-control.js';

const TOPICS_MAX = 1000;

/** On which topics one client may publish: what the access rules said, remembered until they change. */
export class PublishPermissions {
  readonly #answers = new Map<string, boolean>();
  #version: number;

  constructor(
    readonly access: AccessControl,
    readonly identity: ClientIdentity,
  ) {
    this.#version = access.version;
  }

  mayPublish(topic: string): boolean {
    const { version } = this.access;
    if (version !== this.#version) {
      this.#answers.clear();
      this.#version = version;
    }
    let answer = this.#answers.get(topic);
    if (answer === undefined) {
      answer = this.access.mayPublish(this.identity, topic);
      if (this.#answers.size >= TOPICS_MAX) this.#answers.clear();
      this.#answers.set(topic, answer);
    }
    return answer;
  }
}
