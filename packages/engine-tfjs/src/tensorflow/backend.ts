import type { DataType, KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';

/** An attribute of a TensorFlow operation. */
interface OperationAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: number | boolean;
}

/** The native part of tfjs-node, as far as it is used. */
interface Binding {
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  executeOp(
    name: string,
    attributes: readonly OperationAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): readonly { readonly id: number }[];
  deleteTensor(id: number): void;
}

/** tfjs-node's backend. */
export interface TensorFlowBackend extends KernelBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: Binding;
  /** Numbers by which the binding knows tensors; those still on the host are copied to it. */
  getInputTensorIds(tensors: readonly TensorInfo[]): readonly number[];
  /** A tensor of the package for what the binding returned. */
  createOutputTensor(output: { readonly id: number }): TensorInfo;
}

/** TensorFlow's number for float64, which tfjs-node does not name. */
const TF_DOUBLE = 2;

/** Sums float32 over axes in float64: a kernel that tfjs-node does not have. */
export function sumInDouble({
  inputs: [x],
  attrs: { axes, keepAxes },
  backend,
}: {
  readonly inputs: readonly TensorInfo[];
  readonly attrs: { readonly axes: readonly number[]; readonly keepAxes: boolean };
  readonly backend: TensorFlowBackend;
}): TensorInfo {
  if (!x) throw new Error('tensorflow: a sum without an input');
  const { binding } = backend;
  const made: number[] = [];
  const type = (name: string, value: number): OperationAttribute => ({ name, type: binding.TF_ATTR_TYPE, value });
  const flag = (name: string, value: boolean): OperationAttribute => ({ name, type: binding.TF_ATTR_BOOL, value });
  const run = (name: string, attributes: readonly OperationAttribute[], ids: readonly number[]) => {
    const [output] = binding.executeOp(name, attributes, ids, 1);
    if (!output) throw new Error(`tensorflow: ${name} gave no output`);
    made.push(output.id);
    return output;
  };
  const cast = (from: number, to: number, id: number) =>
    run('Cast', [type('SrcT', from), type('DstT', to), flag('Truncate', false)], [id]);
  const reduction = { dataId: backend.write(Int32Array.from(axes), [axes.length], 'int32'), shape: [axes.length] };
  const axesInfo: TensorInfo = { ...reduction, dtype: 'int32' satisfies DataType };
  try {
    const [id = -1, axesId = -1] = backend.getInputTensorIds([x, axesInfo]);
    const wide = cast(binding.TF_FLOAT, TF_DOUBLE, id);
    const attributes = [flag('keep_dims', keepAxes), type('T', TF_DOUBLE), type('Tidx', binding.TF_INT32)];
    const total = run('Sum', attributes, [wide.id, axesId]);
    const narrow = cast(TF_DOUBLE, binding.TF_FLOAT, total.id);
    made.splice(made.indexOf(narrow.id), 1);
    return backend.createOutputTensor(narrow);
  } finally {
    for (const one of made) binding.deleteTensor(one);
    backend.disposeData(axesInfo.dataId);
  }
}
