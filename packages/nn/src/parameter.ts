import { cast, keep, withoutGradients, type DType, type Tensor, type Variable } from '@umt/tensor';

/** A named mutable cell holding a tensor in PyTorch's shape: what training changes and checkpoints store. */
export class Parameter implements Variable {
  #value: Tensor;
  /** False for values that checkpoints carry but no gradient reaches (a registered position table). */
  readonly trainable: boolean;

  /** Takes the tensor over: it lives until the parameter is disposed or assigned. */
  constructor(value: Tensor, options: { readonly trainable?: boolean } = {}) {
    this.#value = keep(value);
    this.trainable = options.trainable ?? true;
  }

  get value(): Tensor {
    return this.#value;
  }

  get shape(): readonly number[] {
    return this.#value.shape;
  }

  /** Replaces the value with one of the same shape and dtype, and disposes the old one. */
  assign(value: Tensor): void {
    const { shape, dtype } = this.#value;
    if (
      value.dtype !== dtype ||
      value.shape.length !== shape.length ||
      value.shape.some((length, axis) => length !== shape[axis])
    ) {
      throw new Error(
        `parameter of ${dtype} [${shape.join(', ')}] cannot take ${value.dtype} [${value.shape.join(', ')}]`,
      );
    }
    const old = this.#value;
    this.#value = keep(value);
    old.dispose();
  }

  /** Holds the value in another precision from now on: for frozen models. Training keeps its parameters in float32. */
  convert(dtype: DType): void {
    if (dtype === this.#value.dtype) return;
    const old = this.#value;
    this.#value = keep(withoutGradients(() => cast(old, dtype)));
    old.dispose();
  }

  dispose(): void {
    this.#value.dispose();
  }
}
