import { ReferenceEngine } from '@umt/conformance';
import type { DType, Handle, PrimitiveAttributes, PrimitiveName, Shape, TypedArray } from '@umt/tensor';

/**
 * The reference engine with every float32 value rounded to float32, as real devices hold them: what goes through a
 * checkpoint comes back bit for bit.
 */
export class Float32Engine extends ReferenceEngine {
  override upload(data: TypedArray | Float64Array, shape: Shape, dtype: DType): Handle {
    return this.#rounded(super.upload(data, shape, dtype));
  }

  override run<P extends PrimitiveName>(
    primitive: P,
    inputs: readonly Handle[],
    attributes: PrimitiveAttributes[P],
  ): readonly Handle[] {
    return super.run(primitive, inputs, attributes).map((handle) => this.#rounded(handle));
  }

  #rounded(handle: Handle): Handle {
    const { dtype, data } = this.valuesOf(handle);
    if (dtype === 'float32') for (let i = 0; i < data.length; i++) data[i] = Math.fround(data[i] ?? NaN);
    return handle;
  }
}
