/** The bytes ended within what was being read. */
export class EndOfBytes extends Error {}

/** Reads little-endian numbers and runs of bytes one after the other. */
export class ByteCursor {
  position = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  /** @param bytes what to read; runs are views of it */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes in all. */
  get length(): number {
    return this.#bytes.length;
  }

  /** One byte. */
  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  /** Two bytes. */
  uint16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  /** Four bytes, signed. */
  int32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  /** Four bytes. */
  uint32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  /** Eight bytes; beyond 2^53 the nearest double, which no file reaches. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  /** Eight bytes, the most significant first: the one number that pickles hold this way. */
  bigEndianFloat64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  /** A run of bytes, as a view. */
  bytes(length: number): Uint8Array {
    const begin = this.#advance(length);
    return this.#bytes.subarray(begin, begin + length);
  }

  /** A run of bytes up to a line feed, which is skipped. */
  line(): Uint8Array {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end < 0) throw new EndOfBytes();
    const line = this.bytes(end - this.position);
    this.position++;
    return line;
  }

  #advance(length: number): number {
    const begin = this.position;
    if (length > this.#bytes.length - begin) throw new EndOfBytes();
    this.position = begin + length;
    return begin;
  }
}
