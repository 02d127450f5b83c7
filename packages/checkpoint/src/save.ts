import { CheckpointError } from './checkpoint-error.ts';
import type { PytorchOptions } from './pytorch/write.ts';
import type { TensorCollection } from './tensor.ts';

/**
 * Writes a safetensors file to disk, in Node: tensor by tensor (no second copy in memory) into a temporary file beside it,
 * which is flushed to the disk and then takes the name. A reader sees the old file or the new one, never a part.
 *
 * @throws CheckpointError naming a tensor whose shape, dtype and data disagree, or the path when it cannot be written;
 * always in browsers, where `writeSafetensors` gives the bytes
 */
export function saveSafetensors(
  path: string,
  _tensors: TensorCollection,
  _metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  return noPaths(path, 'writeSafetensors');
}

/**
 * Writes a PyTorch file to disk, in Node, as `saveSafetensors` does: tensor by tensor, and whole or not at all.
 *
 * @throws CheckpointError naming a tensor whose shape, dtype and data disagree, or the path when it cannot be written;
 * always in browsers, where `writePytorch` gives the bytes
 */
export function savePytorch(path: string, _tensors: TensorCollection, _options: PytorchOptions = {}): Promise<void> {
  return noPaths(path, 'writePytorch');
}

function noPaths(path: string, writer: string): Promise<void> {
  return Promise.reject(new CheckpointError(path, `browsers have no paths to save to: store the bytes of ${writer}`));
}
