const NEWLINE = 10;

/** Takes lines and blocks from a stream of chunks. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** True while there are bytes left. */
  async #fill(): Promise<boolean> {
    while (this.#at >= this.#chunk.length) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#chunk = next.value;
      this.#at = 0;
    }
    return true;
  }

  /** The next line without its end, or null at the end of the stream. */
  async line(): Promise<string | null> {
    let text = '';
    while (await this.#fill()) {
      const end = this.#chunk.indexOf(NEWLINE, this.#at);
      const stop = end === -1 ? this.#chunk.length : end;
      text += String.fromCharCode(...this.#chunk.subarray(this.#at, stop));
      this.#at = stop + (end === -1 ? 0 : 1);
      if (end !== -1) return text;
    }
    return null;
  }

  /** The next `length` bytes in memory of their own, or null when the stream ends before. */
  async bytes(length: number): Promise<Uint8Array | null> {
    const out = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (!(await this.#fill())) return null;
      const part = this.#chunk.subarray(this.#at, this.#at + length - filled);
      out.set(part, filled);
      filled += part.length;
      this.#at += part.length;
    }
    return out;
  }
}
