import type { DType, Handle, Shape } from '@umt/tensor';
import { DTYPE_CODES } from './native.ts';

/** dtypes by torch's numbers for them. */
const DTYPES: ReadonlyMap<number, DType> = new Map([
  [DTYPE_CODES.float32, 'float32'],
  [DTYPE_CODES.bfloat16, 'bfloat16'],
  [DTYPE_CODES.float16, 'float16'],
  [DTYPE_CODES.int32, 'int32'],
  [DTYPE_CODES.bool, 'bool'],
]);

/** The slot of a constant that no operator needed as a tensor yet. */
export const NOT_MADE = -1;

/** One tensor of torch, by its slot in the bridge. */
export class TorchHandle implements Handle {
  /** What made it, so that handles of another engine are told apart. */
  readonly owner: object;
  readonly shape: Shape;
  /** torch's number of the element type. */
  readonly code: number;
  /** The value of a scalar that may not have a slot yet; null for every other tensor. */
  readonly constant: number | null;
  slot: number;
  isFreed = false;
  /** Whether the garbage collector reports its loss. */
  isWatched = false;

  constructor(owner: object, slot: number, shape: Shape, code: number, constant: number | null = null) {
    this.owner = owner;
    this.slot = slot;
    this.shape = shape;
    this.code = code;
    this.constant = constant;
  }

  get dtype(): DType {
    const dtype = DTYPES.get(this.code);
    if (!dtype) throw new Error(`torch: a tensor of element type ${this.code} left the engine`);
    return dtype;
  }
}
