/** A stored value that is not what it must be. The message says how, for people. */
export class UnreadableValue extends Error {
  override readonly name = 'UnreadableValue';
}
