import {
  CheckpointError,
  float32ToBfloat16,
  float32ToFloat16,
  toFloat32,
  type CheckpointTensor,
  type TensorFile,
} from '@umt/checkpoint';

/** Floats that tensors may be converted to. */
export type FloatDtype = 'f32' | 'f16' | 'bf16';

/** What is taken of a checkpoint and how. */
export interface ConvertOptions {
  /** What floating tensors become; integers and booleans stay. Default: every tensor as it is, bit for bit. */
  readonly dtype?: FloatDtype;
  /**
   * `clip-visual`: of a whole CLIP the visual tower alone, without `visual.` before its names, as the reference's files
   * `vit_b16.pth` and `vit_l14.pth` have it. Default `all`.
   */
  readonly what?: 'all' | 'clip-visual';
  /** Told of every tensor that was read. */
  readonly onTensor?: (done: number, total: number) => void;
}

const VISUAL = 'visual.';

/**
 * The tensors of an open checkpoint under their official names, read one after the other: no second copy of the file.
 *
 * @throws CheckpointError naming a tensor that cannot be read, or the file where it holds nothing of what is asked for
 */
export async function convertTensors(
  file: TensorFile,
  { dtype, what = 'all', onTensor }: ConvertOptions = {},
): Promise<ReadonlyMap<string, CheckpointTensor>> {
  const names = [...file.tensors.keys()].filter((name) => what === 'all' || name.startsWith(VISUAL));
  if (names.length === 0) {
    const problem = what === 'all' ? 'it holds no tensors' : `it is no whole CLIP: no name begins with ${VISUAL}`;
    throw new CheckpointError(file.name, problem);
  }
  const tensors = new Map<string, CheckpointTensor>();
  for (const name of names) {
    const tensor = await file.read(name);
    tensors.set(what === 'all' ? name : name.slice(VISUAL.length), dtype ? withDtype(tensor, dtype) : tensor);
    onTensor?.(tensors.size, names.length);
  }
  return tensors;
}

function withDtype(tensor: CheckpointTensor, dtype: FloatDtype): CheckpointTensor {
  const { shape } = tensor;
  if (!/^(F64|F32|F16|BF16)$/.test(tensor.dtype) || tensor.dtype === dtype.toUpperCase()) return tensor;
  const values = toFloat32(tensor);
  switch (dtype) {
    case 'f32':
      return { dtype: 'F32', shape, data: values };
    case 'f16':
      return { dtype: 'F16', shape, data: float32ToFloat16(values) };
    case 'bf16':
      return { dtype: 'BF16', shape, data: float32ToBfloat16(values) };
  }
}
