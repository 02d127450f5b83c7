import { CheckpointError, quoted } from './checkpoint-error.ts';
import { isSafetensorsDtype } from './dtype.ts';
import { headerLength, parseHeader, PREFIX_BYTES } from './header.ts';
import { tensorOf, type CheckpointTensor } from './tensor.ts';

/** All of a safetensors file. */
export interface SafetensorsContent {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of their bytes. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
}

/**
 * Reads a whole safetensors file from memory: the counterpart of `writeSafetensors`. Aligned tensors are views of `bytes`.
 *
 * @param file what messages call the file
 * @throws CheckpointError naming the file, and the tensor at fault
 */
export function readSafetensors(bytes: Uint8Array, file = 'bytes in memory'): SafetensorsContent {
  const start = PREFIX_BYTES + headerLength(bytes, bytes.length, file);
  const { metadata, tensors } = parseHeader(bytes.subarray(PREFIX_BYTES, start), bytes.length, file);
  const read = new Map<string, CheckpointTensor>();
  for (const { name, dtype, shape, begin, end } of tensors.values()) {
    if (!isSafetensorsDtype(dtype))
      throw new CheckpointError(file, `dtype ${quoted(dtype)} is unknown`, { tensor: name });
    read.set(name, tensorOf(dtype, shape, bytes.subarray(begin, end)));
  }
  return { metadata, tensors: read };
}
