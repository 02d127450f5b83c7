import type { CheckpointTensor, TensorInfo } from './tensor.ts';

/** An open checkpoint of any format: what it holds is known, its tensors are read one at a time. */
export interface TensorFile {
  /** What messages call the file. */
  readonly name: string;
  readonly format: 'safetensors' | 'pytorch' | 'pytorch-legacy' | 'torchscript';
  /** The key of the file's top level under which the tensors were found, such as `model`; empty for the file itself. */
  readonly dictionary: string;
  /** Free-form strings of a safetensors header; PyTorch has none. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Every tensor by name, in the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** What else stands at the top level of a PyTorch file: key to a short description, such as `epoch` to `199`. */
  readonly otherEntries: ReadonlyMap<string, string>;
  /**
   * Reads one tensor, in row-major order whatever its strides in the file.
   *
   * @throws CheckpointError when there is no such tensor, or its kind or dtype cannot be read
   */
  read(name: string): Promise<CheckpointTensor>;
  /** Lets the file go. */
  close(): Promise<void>;
}
