import { PickleError } from './pickle-error.ts';
import type { PickleValue } from './values.ts';

/** Values, and marks, each: picklers put at most 1000 entries of a list or dictionary on the stack at a time. */
const MAX_STACK = 250_000;

/** The stack of a pickle: nothing below its last mark can be taken. Methods that an opcode ends with return true. */
export class PickleStack {
  readonly #values: PickleValue[] = [];
  /** Heights at the marks. */
  readonly #marks: number[] = [];

  /** Whether no value is left, below marks or above. */
  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  /** Puts a value on top. */
  push(value: PickleValue): true {
    if (this.#values.length >= MAX_STACK)
      throw new PickleError(`its pickle puts over ${MAX_STACK} values on the stack`);
    this.#values.push(value);
    return true;
  }

  /** The value on top. */
  top(): PickleValue {
    const value = this.#values.length > this.#floor ? this.#values.at(-1) : undefined;
    if (value === undefined) throw new PickleError('its pickle takes a value from an empty stack');
    return value;
  }

  /** Takes the value on top. */
  pop(): PickleValue {
    const value = this.top();
    this.#values.pop();
    return value;
  }

  /** Takes values from the top, the uppermost last. */
  popMany(count: number): PickleValue[] {
    if (this.#values.length - count < this.#floor) {
      throw new PickleError('its pickle takes a value from an empty stack');
    }
    return this.#values.splice(this.#values.length - count);
  }

  /** Marks a place. */
  mark(): true {
    if (this.#marks.length >= MAX_STACK) throw new PickleError('its pickle nests too deeply');
    this.#marks.push(this.#values.length);
    return true;
  }

  /** Takes the last mark away and all values above it. */
  popToMark(): PickleValue[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw new PickleError('its pickle goes back to a mark that is not there');
    return this.#values.splice(mark);
  }

  /** Drops what is on top: a value, or a mark with none above it, as in Python. */
  discard(): true {
    if (this.#values.length === this.#marks.at(-1)) this.#marks.pop();
    else this.pop();
    return true;
  }

  get #floor(): number {
    return this.#marks.at(-1) ?? 0;
  }
}
