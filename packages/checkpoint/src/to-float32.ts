import { CheckpointError } from './checkpoint-error.ts';
import { bfloat16ToFloat32, float16ToFloat32 } from './half.ts';
import type { CheckpointTensor } from './tensor.ts';

/**
 * The elements of a tensor as float32: F32 as it is (no copy), F16 and BF16 exactly, F64 and integers rounded to nearest,
 * BOOL as 0 and 1.
 *
 * @param name what a message calls the tensor
 * @throws CheckpointError for complex numbers and floats below 16 bits
 */
export function toFloat32(tensor: CheckpointTensor, name = 'tensor'): Float32Array {
  switch (tensor.dtype) {
    case 'F32':
      return tensor.data;
    case 'F16':
      return float16ToFloat32(tensor.data);
    case 'BF16':
      return bfloat16ToFloat32(tensor.data);
    case 'I64':
    case 'U64':
      return fromBigInts(tensor.data);
    case 'F64':
    case 'I32':
    case 'I16':
    case 'I8':
    case 'U32':
    case 'U16':
    case 'U8':
    case 'BOOL':
      return Float32Array.from(tensor.data);
    default:
      throw new CheckpointError(name, `dtype ${tensor.dtype} cannot be turned into float32`);
  }
}

/** Beyond 2^53, going through a double rounds twice; sticky low bits make the second rounding the only one. */
function fromBigInts(values: BigInt64Array | BigUint64Array): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0n;
    const magnitude = value < 0n ? -value : value;
    const sticky = magnitude >> 53n === 0n ? magnitude : ((magnitude >> 20n) | (magnitude & 0xfffffn ? 1n : 0n)) << 20n;
    out[i] = value < 0n ? -Number(sticky) : Number(sticky);
  }
  return out;
}
