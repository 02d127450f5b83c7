import { read, Tensor, type DType, type Engine, type TypedArray } from '@umt/tensor';
import type { DataType, Tensor as TfjsTensor } from '@tensorflow/tfjs-core';

const FROM_TFJS: Partial<Record<DataType, DType>> = { float32: 'float32', int32: 'int32', bool: 'bool' };

/**
 * Copies a TensorFlow.js tensor, on whatever tfjs backend it lives, to an engine. The tfjs tensor stays the caller's.
 * Throws on complex64 and string tensors.
 */
export async function fromTfjs(engine: Engine, tensor: TfjsTensor): Promise<Tensor> {
  const dtype = FROM_TFJS[tensor.dtype];
  if (!dtype)
    throw new Error(`fromTfjs: a ${tensor.dtype} tensor has no counterpart; cast it to float32, int32 or bool`);
  const data: TypedArray = await tensor.data<'float32' | 'int32' | 'bool'>();
  return Tensor.fromHandle(engine, engine.upload(data, tensor.shape, dtype));
}

/**
 * Copies a tensor to a new TensorFlow.js tensor on tfjs's current backend; half precisions widen to float32.
 * The caller disposes it.
 */
export async function toTfjs(tensor: Tensor): Promise<TfjsTensor> {
  const tfjs = await import('@tensorflow/tfjs-core');
  const data = await read(tensor);
  await tfjs.ready();
  const dtype = tensor.dtype === 'int32' || tensor.dtype === 'bool' ? tensor.dtype : 'float32';
  return tfjs.tensor(data, [...tensor.shape], dtype);
}
