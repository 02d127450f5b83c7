import { sizeOf, type DType, type EngineMemory, type Handle, type Shape, type TypedArray } from '@umt/tensor';
import { TorchMemoryError } from '../errors.ts';
import { NOT_MADE, TorchHandle } from './handle.ts';
import { LeakWatch } from './leaks.ts';
import { DTYPE_CODES, type NativeBridge, type NativeLoops, type NativeModule, type NativeRanks } from './native.ts';
import { ARGUMENT_CAPACITY, Operator, type Argument } from './operator.ts';

/** Marks a lone number among an operator's results. */
const NUMBER_RESULT = -2;

/** Where tensors live. */
export interface TorchDevice {
  readonly type: 'cpu' | 'cuda';
  /** Which GPU; 0 on the CPU. */
  readonly index: number;
}

/** libtorch on one device: runs operators, owns handles, and frees what a step made and did not return. */
export class Torch {
  readonly device: TorchDevice;
  readonly #native: NativeBridge;
  readonly #arguments = new Float64Array(ARGUMENT_CAPACITY);
  readonly #results = new Float64Array(ARGUMENT_CAPACITY);
  readonly #operators = new Map<string, Operator | null>();
  readonly #leaks: LeakWatch;
  #made: TorchHandle[] = [];
  #handles = 0;
  #isDisposed = false;

  constructor(module: NativeModule, device: TorchDevice) {
    this.device = device;
    this.#native = module.open(this.#arguments, this.#results);
    this.#leaks = new LeakWatch((slot) => this.#dropLost(slot));
  }

  /** The device's number in the bridge. */
  get deviceNumber(): number {
    return this.device.type === 'cpu' ? 0 : 1 + this.device.index;
  }

  /** Whether this torch has an operator, such as `add.Tensor`. */
  has(name: string): boolean {
    return this.#find(name) !== null;
  }

  /** Runs an operator with one tensor as its result. `name` is ATen's, with its overload: `add.Tensor`. */
  one(name: string, ...given: readonly Argument[]): TorchHandle {
    this.#call(name, given);
    return this.#tensorAt(1);
  }

  /** Runs an operator with several tensors as its results; one that torch left undefined is null. */
  all(name: string, ...given: readonly Argument[]): readonly (TorchHandle | null)[] {
    this.#call(name, given);
    return this.#resultTensors();
  }

  /** Runs an operator whose result is a number. */
  number(name: string, ...given: readonly Argument[]): number {
    this.#call(name, given);
    return this.#results[2] ?? NaN;
  }

  /** Runs an operator that writes into its first argument, which must be this step's own; gives nothing back. */
  inPlace(name: string, ...given: readonly Argument[]): void {
    this.#call(name, given);
    // operators of this kind return their first argument again, as another slot
    const count = this.#results[0] ?? 0;
    for (let at = 1, index = 0; index < count; index++) {
      this.#native.free(this.#results[at] ?? -1);
      at += 3 + (this.#results[at + 2] ?? 0);
    }
  }

  /** Runs operators as one step: of all that they make only what is returned stays, and on an error nothing. */
  step(run: () => readonly (TorchHandle | null)[]): readonly (TorchHandle | null)[] {
    this.#expectLive();
    this.#made = [];
    let outputs: readonly (TorchHandle | null)[] = [];
    try {
      outputs = run();
      return outputs;
    } catch (error) {
      throw TorchMemoryError.from(error) ?? error;
    } finally {
      for (const handle of this.#made) {
        if (outputs.includes(handle)) this.#leaks.add(handle);
        else if (!handle.isFreed) this.free(handle);
      }
      this.#made = [];
    }
  }

  /** A copy of `data` on the device. */
  upload(data: TypedArray, shape: Shape, code: number): TorchHandle {
    this.#arguments[0] = shape.length;
    this.#arguments.set(shape, 1);
    this.#native.upload(data, codeOf(data), code, this.deviceNumber);
    return this.#tensorAt(1);
  }

  /** A copy of a tensor's elements on the host: floats as float32, int32 and bool as they are. */
  async read(handle: TorchHandle): Promise<TypedArray> {
    const size = sizeOf(handle.shape);
    const array =
      handle.code === DTYPE_CODES.int32
        ? new Int32Array(size)
        : handle.code === DTYPE_CODES.bool
          ? new Uint8Array(size)
          : new Float32Array(size);
    const code = array instanceof Uint8Array ? DTYPE_CODES.bool : codeOf(array);
    return this.#native.read(handle.slot, array, code);
  }

  /** A scalar that becomes a tensor only when an operator needs one. */
  constant(value: number, code: number): TorchHandle {
    return this.#keep(new TorchHandle(this, NOT_MADE, [], code, value));
  }

  /** A tensor of one value. */
  full(shape: Shape, value: number, code: number): TorchHandle {
    return this.one('full', shape, value, code, null, this.deviceNumber);
  }

  /** Throws unless the handle is a live one of this engine; makes the tensor of a constant that has none yet. */
  own(handle: Handle): TorchHandle {
    const owned = this.ownAny(handle);
    if (owned.slot === NOT_MADE) this.#make(owned);
    return owned;
  }

  /** Like `own`, but a constant may be left without a tensor. */
  ownAny(handle: Handle): TorchHandle {
    this.#expectLive();
    if (!(handle instanceof TorchHandle) || handle.owner !== this) {
      throw new Error(`torch: tensor [${handle.shape.join(', ')}] belongs to another engine; read and upload it`);
    }
    if (handle.isFreed) throw new Error(`torch: handle [${handle.shape.join(', ')}] was already freed`);
    return handle;
  }

  /** Frees a handle; once. */
  free(handle: Handle): void {
    // after dispose there is nothing left to free, and scopes that end late need not know
    if (this.#isDisposed) return;
    const owned = this.ownAny(handle);
    owned.isFreed = true;
    this.#handles--;
    this.#leaks.remove(owned);
    if (owned.slot !== NOT_MADE) this.#native.free(owned.slot);
  }

  /** Whether the tensor may be written in place: nothing else shares its memory. */
  isSoleOwner(handle: TorchHandle): boolean {
    return this.#native.isSoleOwner(handle.slot);
  }

  /** Whether the bridge has a loop of its own for this device and processor. */
  hasLoop(name: keyof NativeLoops): boolean {
    return this.device.type === 'cpu' && this.#native[name] !== undefined;
  }

  /** Runs a loop of the bridge's own on tensors of the CPU: these, then numbers, as native/loop-calls.h lists them. */
  loop(
    name: keyof NativeLoops,
    tensors: readonly TorchHandle[],
    ...numbers: readonly number[]
  ): readonly (TorchHandle | null)[] {
    for (const [index, { slot }] of tensors.entries()) this.#arguments[index] = slot;
    this.#arguments.set(numbers, tensors.length);
    const run = this.#native[name];
    if (!run) throw new Error(`torch: this processor has no loop for ${name}`);
    run();
    return this.#resultTensors();
  }

  /** The sum of squares of float32 tensors of the CPU, in float64. */
  sumOfSquares(tensors: readonly TorchHandle[]): number {
    this.#arguments.set([tensors.length, ...tensors.map(({ slot }) => slot)]);
    return this.#native.sumOfSquares();
  }

  /** What lets this process compute with others. */
  get ranks(): NativeRanks {
    this.#expectLive();
    return this.#native;
  }

  /** Starts a sum of tensors over the ranks; returns the number of a job. */
  startSum(tensors: readonly TorchHandle[]): number {
    this.#arguments.set([tensors.length, ...tensors.map(({ slot }) => slot)]);
    return this.#native.startSum();
  }

  /** Waits for a sum or gather over the ranks. */
  finishJob(job: number): readonly (TorchHandle | null)[] {
    this.#native.finishJob(job);
    return this.#resultTensors();
  }

  /** Live handles, and the bytes of their memory. */
  memory(): EngineMemory {
    if (this.#isDisposed) return { tensors: 0, bytes: 0, reservedBytes: 0 };
    this.#native.memory(this.deviceNumber);
    return { tensors: this.#handles, bytes: this.#results[4] ?? 0, reservedBytes: this.#results[6] ?? 0 };
  }

  /** Frees everything. Calling it again does nothing. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#handles = 0;
    this.#leaks.clear();
    this.#native.close();
  }

  #resultTensors(): readonly (TorchHandle | null)[] {
    const results: (TorchHandle | null)[] = [];
    const count = this.#results[0] ?? 0;
    for (let at = 1; results.length < count;) {
      const isNumber = this.#results[at] === NUMBER_RESULT;
      results.push(isNumber || (this.#results[at + 1] ?? -1) < 0 ? null : this.#tensorAt(at));
      at += isNumber ? 2 : 3 + (this.#results[at + 2] ?? 0);
    }
    return results;
  }

  #call(name: string, given: readonly Argument[]): void {
    const operator = this.#find(name);
    if (!operator) throw new Error(`torch: this version has no operator ${name}`);
    operator.call(this.#arguments, given);
  }

  #find(name: string): Operator | null {
    const known = this.#operators.get(name);
    if (known !== undefined) return known;
    const [base = '', overload = ''] = name.split('.');
    const id = this.#native.findOperator(base, overload);
    const operator = id < 0 ? null : new Operator(this.#native, id);
    this.#operators.set(name, operator);
    return operator;
  }

  #tensorAt(at: number): TorchHandle {
    const results = this.#results;
    const rank = results[at + 2] ?? 0;
    const shape = new Array<number>(rank);
    for (let axis = 0; axis < rank; axis++) shape[axis] = results[at + 3 + axis] ?? 0;
    return this.#keep(new TorchHandle(this, results[at] ?? -1, shape, results[at + 1] ?? -1));
  }

  #keep(handle: TorchHandle): TorchHandle {
    this.#handles++;
    this.#made.push(handle);
    return handle;
  }

  #make(handle: TorchHandle): void {
    const made = this.full([], handle.constant ?? 0, handle.code);
    handle.slot = made.slot;
    // its slot is the constant's from now on
    made.isFreed = true;
    this.#handles--;
    this.#leaks.update(handle);
  }

  #dropLost(slot: number): void {
    if (this.#isDisposed) return;
    this.#handles--;
    if (slot !== NOT_MADE) this.#native.free(slot);
  }

  #expectLive(): void {
    if (this.#isDisposed) throw new Error('torch: the engine was disposed');
  }
}

function codeOf(data: TypedArray): number {
  if (data instanceof Int32Array) return DTYPE_CODES.int32;
  return data instanceof Uint8Array ? UINT8 : DTYPE_CODES.float32;
}

/** torch's number for bytes: what bool arrays come as. */
const UINT8 = 0;

/** torch's number for a dtype. */
export function codeFor(dtype: DType): number {
  return DTYPE_CODES[dtype];
}
