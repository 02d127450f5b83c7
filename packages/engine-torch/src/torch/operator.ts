import type { NativeBridge } from './native.ts';
import type { TorchHandle } from './handle.ts';

/** What an operator may be given. `null` is an optional argument that is left out. */
export type Argument =
  | TorchHandle
  | number
  | boolean
  | string
  | null
  | readonly (TorchHandle | null)[]
  | readonly number[]
  | readonly boolean[];

/** Numbers that one call may take. */
export const ARGUMENT_CAPACITY = 1 << 16;

/** One ATen operator: writes its arguments as its schema asks. The letters are explained in native/operators.h. */
export class Operator {
  readonly #native: NativeBridge;
  readonly #id: number;
  readonly #kinds: string;
  readonly #texts = new Map<string, number>();

  constructor(native: NativeBridge, id: number) {
    this.#native = native;
    this.#id = id;
    this.#kinds = native.argumentKinds(id);
  }

  /** Runs it. Arguments left out at the end take their defaults. */
  call(into: Float64Array, given: readonly Argument[]): void {
    const kinds = this.#kinds;
    into[0] = given.length;
    let at = 1;
    let kind = 0;
    for (const argument of given) {
      if (kinds.charCodeAt(kind) === OPTIONAL) {
        kind++;
        if (argument === null) {
          into[at++] = 0;
          kind++;
          continue;
        }
        into[at++] = 1;
      }
      at = this.#write(into, at, kinds.charCodeAt(kind++), argument);
    }
    if (at > ARGUMENT_CAPACITY) throw new Error(`torch: ${at} numbers are too many arguments for one call`);
    this.#native.call(this.#id);
  }

  #write(into: Float64Array, at: number, kind: number, argument: Argument): number {
    if (typeof argument === 'number') {
      // a number that torch may keep whole: -0 and what int64 cannot hold it may not
      if (kind === NUMBER) into[at++] = Number.isSafeInteger(argument) && !Object.is(argument, -0) ? 1 : 0;
      into[at++] = argument;
    } else if (argument === null) {
      into[at++] = NONE;
    } else if (typeof argument === 'boolean') {
      into[at++] = argument ? 1 : 0;
    } else if (typeof argument === 'string') {
      into[at++] = this.#textNumber(argument);
    } else if ('slot' in argument) {
      into[at++] = argument.slot;
    } else {
      into[at++] = argument.length;
      for (const element of argument) {
        into[at++] = element === null ? NONE : typeof element === 'object' ? element.slot : Number(element);
      }
    }
    return at;
  }

  #textNumber(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const number = this.#native.text(text);
    this.#texts.set(text, number);
    return number;
  }
}

const OPTIONAL = '?'.charCodeAt(0);
const NUMBER = 'n'.charCodeAt(0);
/** The slot of a tensor that is not there. */
const NONE = -1;
