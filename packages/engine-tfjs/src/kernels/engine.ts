import {
  sizeOf,
  type Capabilities,
  type CompositeKernels,
  type DType,
  type Engine,
  type EngineMemory,
  type Handle,
  type PrimitiveAttributes,
  type PrimitiveName,
  type Shape,
  type TypedArray,
} from '@umt/tensor';
import type { DataId, KernelBackend, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { kernelPrimitives } from './primitives.ts';

/** Element types tfjs has. */
export type TfjsDType = 'float32' | 'int32' | 'bool';

/** A tensor of a tfjs backend, outside tfjs's own bookkeeping. */
export class KernelHandle implements Handle {
  readonly engine: KernelEngine;
  readonly info: TensorInfo;
  readonly dtype: TfjsDType;
  isFreed = false;

  constructor(engine: KernelEngine, info: TensorInfo) {
    this.engine = engine;
    this.info = info;
    this.dtype = info.dtype as TfjsDType;
  }

  get shape(): Shape {
    return this.info.shape;
  }
}

/** Named inputs of a tfjs kernel, or a list where the kernel takes one. */
export type KernelInputs = Readonly<Record<string, KernelHandle>> | readonly KernelHandle[];

/** Runs a tfjs kernel by name. Only the kernel: no tape, no tidy, no tfjs engine. */
export type RunKernel = (name: string, inputs: KernelInputs, attributes?: object) => readonly KernelHandle[];

/** How a primitive with attributes A is put together from kernels. */
export type KernelPrimitive<A> = (
  engine: KernelEngine,
  inputs: readonly KernelHandle[],
  attributes: A,
) => readonly KernelHandle[];

/** A primitive table. */
export type KernelPrimitives = { readonly [P in PrimitiveName]: KernelPrimitive<PrimitiveAttributes[P]> };

/** What differs between tfjs backends. */
export interface KernelEngineOptions {
  readonly name: string;
  readonly backend: KernelBackend;
  /** A kernel of this backend by name; undefined where it has none. */
  readonly kernel: (name: string) => ((call: object) => TensorInfo | TensorInfo[]) | undefined;
  readonly capabilities: Capabilities;
  /** Primitives this backend gets wrong, has not, or is slow at. */
  readonly overrides: Partial<KernelPrimitives>;
}

/** An engine over the registered kernels of one tfjs backend instance. */
export class KernelEngine implements Engine {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly composites: CompositeKernels = {};
  readonly #options: KernelEngineOptions;
  readonly #primitives: KernelPrimitives;
  readonly #owners = new Map<DataId, number>();
  #handles = 0;
  #bytes = 0;
  #made: KernelHandle[] = [];
  #isDisposed = false;

  constructor(options: KernelEngineOptions) {
    this.name = options.name;
    this.capabilities = options.capabilities;
    this.#options = options;
    this.#primitives = { ...kernelPrimitives, ...options.overrides };
  }

  upload(data: TypedArray, shape: Shape, dtype: DType): Handle {
    if (data.length !== sizeOf(shape)) {
      throw new Error(`${this.name}: ${data.length} elements do not fill [${shape.join(', ')}]`);
    }
    return this.make(data, shape, dtype);
  }

  async read(handle: Handle): Promise<TypedArray> {
    const owned = this.#own(handle);
    const values = (await this.#options.backend.read(owned.info.dataId)) as TypedArray;
    return convert(values, owned.dtype);
  }

  free(handle: Handle): void {
    // after dispose there is nothing left to free, and scopes that end late need not know
    if (this.#isDisposed) return;
    const { info } = this.#own(handle);
    (handle as KernelHandle).isFreed = true;
    this.#handles--;
    this.#options.backend.disposeData(info.dataId);
    const owners = (this.#owners.get(info.dataId) ?? 1) - 1;
    if (owners > 0) this.#owners.set(info.dataId, owners);
    else {
      this.#owners.delete(info.dataId);
      this.#bytes -= bytesOf(info);
    }
  }

  run<P extends PrimitiveName>(
    primitive: P,
    inputs: readonly Handle[],
    attributes: PrimitiveAttributes[P],
  ): readonly Handle[] {
    const kernel: KernelPrimitive<PrimitiveAttributes[P]> = this.#primitives[primitive];
    return this.perform(inputs, (owned) => kernel(this, owned, attributes));
  }

  /** Runs kernels as one step: of all that they make only what is returned stays, and on an error nothing. */
  perform(
    inputs: readonly Handle[],
    kernels: (owned: readonly KernelHandle[]) => readonly KernelHandle[],
  ): readonly KernelHandle[] {
    this.#expectLive();
    this.#made = [];
    const owned = inputs.map((handle) => this.#own(handle));
    let outputs: readonly KernelHandle[] = [];
    try {
      outputs = kernels(owned);
      return outputs;
    } finally {
      // intermediate results, and on an error everything
      for (const handle of this.#made) if (!outputs.includes(handle) && !handle.isFreed) this.free(handle);
      this.#made = [];
    }
  }

  memory(): EngineMemory {
    return { tensors: this.#handles, bytes: this.#bytes, reservedBytes: this.#bytes };
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    // a backend that lives on keeps what it is not told to drop
    for (const dataId of this.#owners.keys()) this.#options.backend.disposeData(dataId, true);
    this.#owners.clear();
    this.#handles = 0;
    this.#bytes = 0;
    this.#options.backend.dispose();
  }

  /** Runs a kernel of the backend; what it gives is freed with the running primitive unless returned from it. */
  readonly kernel: RunKernel = (name, inputs, attributes = {}) => {
    const kernel = this.#options.kernel(name);
    if (!kernel) throw new Error(`${this.name}: tfjs has no kernel ${name} on this backend`);
    const infos = Array.isArray(inputs)
      ? inputs.map(({ info }: KernelHandle) => info)
      : Object.fromEntries(Object.entries(inputs).map(([key, { info }]) => [key, info]));
    const attrs = attributes as NamedAttrMap;
    const results = kernel({ inputs: infos, attrs, backend: this.#options.backend });
    return (Array.isArray(results) ? results : [results]).map((info) => this.#handle(info));
  };

  /** A new tensor holding a copy of `data`, converted to `dtype`. */
  make(data: TypedArray, shape: Shape, dtype: DType): KernelHandle {
    this.#expectLive();
    const [dims, own] = [[...shape], this.dtype(dtype)];
    const dataId = this.#options.backend.write(convert(data, own), dims, own);
    return this.#handle({ dataId, shape: dims, dtype: own });
  }

  /** Narrows to the types tfjs has; throws on the half precisions. */
  dtype(dtype: DType): TfjsDType {
    if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
    throw new Error(`${this.name}: no ${dtype} tensors on this engine, only float32, int32 and bool`);
  }

  /** The same data as a second handle. */
  share({ info }: KernelHandle, shape: Shape = info.shape): KernelHandle {
    this.#options.backend.incRef(info.dataId);
    return this.#handle({ ...info, shape: [...shape] });
  }

  /** A tensor's elements, in its own type, where the backend can give them at once. */
  values({ info, dtype }: KernelHandle): TypedArray {
    return convert(this.#options.backend.readSync(info.dataId) as TypedArray, dtype);
  }

  #handle(info: TensorInfo): KernelHandle {
    const handle = new KernelHandle(this, info);
    const owners = this.#owners.get(info.dataId) ?? 0;
    this.#owners.set(info.dataId, owners + 1);
    if (owners === 0) this.#bytes += bytesOf(info);
    this.#handles++;
    this.#made.push(handle);
    return handle;
  }

  #expectLive(): void {
    if (this.#isDisposed) throw new Error(`${this.name}: the engine was disposed`);
  }

  #own(handle: Handle): KernelHandle {
    this.#expectLive();
    if (!(handle instanceof KernelHandle) || handle.engine !== this) {
      throw new Error(
        `${this.name}: tensor [${handle.shape.join(', ')}] belongs to another engine; read and upload it`,
      );
    }
    if (handle.isFreed) throw new Error(`${this.name}: handle [${handle.shape.join(', ')}] was already freed`);
    return handle;
  }
}

/** A copy in the array type of `dtype`: floats truncate to int32, and bool is whether a value is other than 0. */
function convert(values: ArrayLike<number>, dtype: TfjsDType): TypedArray {
  if (dtype === 'float32') return Float32Array.from(values);
  if (dtype === 'int32') return Int32Array.from(values);
  return Uint8Array.from(values, (value) => (value === 0 ? 0 : 1));
}

function bytesOf({ shape, dtype }: TensorInfo): number {
  return sizeOf(shape) * (dtype === 'bool' ? 1 : 4);
}
