import type { TensorFile } from './tensor-file.ts';
import { toFloat32 } from './to-float32.ts';

/** Tensors of a file as float32 arrays, read when asked for: what models load their parameters from. */
export interface Float32Source {
  /** Everything it holds, by name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** The row-major elements of one of the names. */
  read(name: string): Promise<Float32Array>;
}

/**
 * Sees an open checkpoint as float32 arrays. `read` throws CheckpointError for what cannot be turned into float32.
 *
 * @param file stays the caller's to close
 */
export function float32Source(file: TensorFile): Float32Source {
  return {
    shapes: new Map([...file.tensors].map(([name, { shape }]) => [name, shape])),
    read: async (name) => toFloat32(await file.read(name), `${file.name}: ${name}`),
  };
}
