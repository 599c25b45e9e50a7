/** The place of one answer among the others. */
export interface AnswerPlace {
  frame: Buffer | undefined;
}

/** Acknowledgements leave in the order in which their publishes came [MQTT-4.6.0-2, 4.6.0-3]. */
export class OrderedAnswers {
  #places: AnswerPlace[] = [];

  constructor(readonly write: (frames: Buffer) => void) {}

  /** How many are awaited. */
  get count(): number {
    return this.#places.length;
  }

  /** A publish has come that is to be answered. */
  expect(): AnswerPlace {
    const place = { frame: undefined };
    this.#places.push(place);
    return place;
  }

  /** The answer to one of them. */
  answer(place: AnswerPlace, frame: Buffer): void {
    place.frame = frame;
    if (this.#places[0] !== place) return;
    const ready: Buffer[] = [];
    let count = 0;
    for (; count < this.#places.length && this.#places[count]!.frame !== undefined; count++)
      ready.push(this.#places[count]!.frame!);
    this.#places = this.#places.slice(count);
    this.write(ready.length === 1 ? ready[0]! : Buffer.concat(ready));
  }
}
