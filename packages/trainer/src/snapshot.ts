import { streamSafetensors, type LazyTensor } from '@umt/checkpoint';
import type { Parameter } from '@umt/nn';
import { read, reshape, withoutGradients, type Tensor } from '@umt/tensor';
import type { CheckpointFile } from './checkpoint-store.ts';

/**
 * The values that cells hold at one moment, while training goes on. Nothing is copied at first: the snapshot shares the memory of the
 * values, and engines that update in place write elsewhere as long as someone does. So a device holds at most one more copy of
 * what has not been read yet, and the host one tensor at a time.
 */
export class Snapshot {
  readonly #values: ReadonlyMap<string, Tensor>;

  constructor(cells: ReadonlyMap<string, Parameter>) {
    this.#values = withoutGradients(
      () => new Map([...cells].map(([name, { value }]) => [name, reshape(value, value.shape)])),
    );
  }

  /** The values as a safetensors file. Each is let go of as soon as it was read. */
  file(name: string, metadata: Readonly<Record<string, string>>): CheckpointFile {
    const tensors = [...this.#values].map(([key, value]) => [key, lazyTensor(value)] as const);
    const { byteLength, pieces } = streamSafetensors(new Map(tensors), metadata);
    return { name, byteLength, pieces: pieces() };
  }

  /** Lets go of what was not read. */
  dispose(): void {
    for (const value of this.#values.values()) value.dispose();
  }
}

function lazyTensor(value: Tensor): LazyTensor {
  const { dtype, shape } = value;
  return {
    dtype: dtype === 'int32' ? 'I32' : dtype === 'bool' ? 'BOOL' : 'F32',
    shape,
    async read() {
      const data = await read(value);
      value.dispose();
      return data;
    },
  };
}
