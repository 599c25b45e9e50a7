let of: ArrayBufferLike | undefined;
let view: DataView = new DataView(new ArrayBuffer(0));

/**
 * A view of all the memory that bytes are part of: it reads numbers in one go, where bytes one by one take twice as long. Values of one
 * answer lie in the same memory, so there is mostly one already. What is at `at` of the bytes is at `bytes.byteOffset + at` of it.
 */
export function wholeViewOf(bytes: Buffer): DataView {
  if (bytes.buffer !== of) {
    of = bytes.buffer;
    view = new DataView(of);
  }
  return view;
}
