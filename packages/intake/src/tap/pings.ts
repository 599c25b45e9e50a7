/**
 * Pings of an endpoint through a tap that may have stopped reading. Then the other side's answers stand
 * unread behind what waits, and the tap answers in its place; when those answers come, they are not passed a
 * second time.
 */
export class Pings {
  /** Asked, and not answered as far as was read. */
  #open = 0;
  /** Answered here; the answers of the other side are still to come. */
  #answered = 0;

  constructor(readonly sendAnswer: () => void) {}

  /** The endpoint has sent a ping. */
  asked(): void {
    this.#open += 1;
  }

  /** Answers every open ping. */
  answer(): void {
    for (; this.#open > 0; this.#open--) {
      this.#answered += 1;
      this.sendAnswer();
    }
  }

  /** The other side has answered a ping. True: the endpoint has had its answer, and must not get this one. */
  answeredAlready(): boolean {
    if (this.#answered > 0) {
      this.#answered -= 1;
      return true;
    }
    if (this.#open > 0) this.#open -= 1;
    return false;
  }
}
