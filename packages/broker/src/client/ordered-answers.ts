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
    const places = this.#places;
    if (places[0] !== place) return;
    if (places.length === 1) {
      places.length = 0;
      this.write(frame);
      return;
    }
    const ready: Buffer[] = [];
    while (places[ready.length]?.frame !== undefined) ready.push(places[ready.length]!.frame!);
    this.#places = places.slice(ready.length);
    this.write(Buffer.concat(ready));
  }
}
