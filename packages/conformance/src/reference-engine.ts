import {
  sizeOf,
  Tensor,
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
import { elementwiseKernels } from './reference/elementwise.ts';
import { converterTo, layoutKernels } from './reference/layout.ts';
import { reduceKernels } from './reference/reduce.ts';
import type { Values } from './reference/values.ts';

const kernels: {
  readonly [P in PrimitiveName]: (inputs: readonly Values[], attributes: PrimitiveAttributes[P]) => readonly Values[];
} = { ...elementwiseKernels, ...reduceKernels, ...layoutKernels };

/**
 * The truth for values and gradients: every primitive in plain JavaScript and float64, no composite of its own. float32
 * tensors keep float64 elements inside, so finite differences are exact to about ten digits. Strict about lifetimes: a
 * freed or foreign handle throws, whether it is read, run on or freed again.
 */
export class ReferenceEngine implements Engine {
  readonly name = 'reference';
  readonly capabilities: Capabilities = {
    precisions: ['float32'],
    maxTensorSize: 2 ** 28,
    threads: 1,
    deviceName: 'plain JavaScript, float64',
  };
  readonly composites: CompositeKernels = {};
  readonly #live = new Map<Handle, Values>();
  #peakTensors = 0;

  /** Most handles alive at once since `resetPeak`. */
  get peakTensors(): number {
    return this.#peakTensors;
  }

  /** Starts `peakTensors` again from what is alive now. */
  resetPeak(): void {
    this.#peakTensors = this.#live.size;
  }

  upload(data: TypedArray | Float64Array, shape: Shape, dtype: DType): Handle {
    if (data.length !== sizeOf(shape)) {
      throw new Error(`reference engine: ${data.length} elements do not fill [${shape.join(', ')}]`);
    }
    return this.#hold({ shape: [...shape], dtype, data: Float64Array.from(data, converterTo(dtype)) });
  }

  async read(handle: Handle): Promise<TypedArray> {
    const { dtype, data } = this.valuesOf(handle);
    if (dtype === 'int32') return Int32Array.from(data);
    return dtype === 'bool' ? Uint8Array.from(data) : Float32Array.from(data);
  }

  free(handle: Handle): void {
    this.valuesOf(handle);
    this.#live.delete(handle);
  }

  run<P extends PrimitiveName>(
    primitive: P,
    inputs: readonly Handle[],
    attributes: PrimitiveAttributes[P],
  ): readonly Handle[] {
    const values = inputs.map((handle) => this.valuesOf(handle));
    return kernels[primitive](values, attributes).map((output) => this.#hold(output));
  }

  memory(): EngineMemory {
    const storages = new Set([...this.#live.values()].map(({ data }) => data));
    const bytes = [...storages].reduce((total, data) => total + data.byteLength, 0);
    return { tensors: this.#live.size, bytes, reservedBytes: bytes };
  }

  dispose(): void {
    this.#live.clear();
  }

  /** What a live handle holds. Throws for one that was freed or belongs to another engine. */
  valuesOf(handle: Handle): Values {
    const values = this.#live.get(handle);
    if (!values) throw new Error(`reference engine: handle [${handle.shape.join(', ')}] was freed or is not its own`);
    return values;
  }

  #hold(values: Values): Handle {
    const handle: Handle = { shape: values.shape, dtype: values.dtype };
    this.#live.set(handle, values);
    this.#peakTensors = Math.max(this.#peakTensors, this.#live.size);
    return handle;
  }
}

/** A new reference engine with nothing in it. */
export function createReferenceEngine(): ReferenceEngine {
  return new ReferenceEngine();
}

/** A copy of a tensor's elements in full float64. Throws unless the tensor is on a reference engine. */
export function readFloat64(tensor: Tensor): Float64Array {
  return ownEngine(tensor.engine).valuesOf(tensor.handle).data.slice();
}

/** A float32 tensor on a reference engine that keeps every digit of `data`. */
export function fromFloat64(engine: Engine, data: Float64Array, shape: Shape): Tensor {
  return Tensor.fromHandle(engine, ownEngine(engine).upload(data, shape, 'float32'));
}

function ownEngine(engine: Engine): ReferenceEngine {
  if (!(engine instanceof ReferenceEngine))
    throw new Error(`float64 elements: '${engine.name}' is not a reference engine`);
  return engine;
}
