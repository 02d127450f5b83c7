import { cast, type DType, type Tensor } from '@umt/tensor';
import type { Parameter } from './parameter.ts';

/**
 * A parameter's value in the precision of what it meets: itself, or a conversion through which its gradient comes back in
 * its own. Parameters stay float32 masters while activations are bfloat16.
 */
export function valueIn(parameter: Parameter, dtype: DType): Tensor {
  const { value } = parameter;
  return value.dtype === dtype ? value : cast(value, dtype);
}
