import { CheckpointError, listed, quoted } from '../checkpoint-error.ts';
import { isSafetensorsDtype } from '../dtype.ts';
import type { PickleStorage, PickleTensor, TensorView } from '../pickle/values.ts';
import type { ByteSource } from '../source.ts';
import type { TensorFile } from '../tensor-file.ts';
import { byteLengthOf, tensorOf, type CheckpointTensor, type TensorInfo } from '../tensor.ts';
import type { Contents } from './contents.ts';
import { extentOf, gather, isContiguous } from './gather.ts';

/** What each of PyTorch's containers knows in its own way. */
export interface PytorchContainer {
  readonly source: ByteSource;
  readonly format: 'pytorch' | 'pytorch-legacy' | 'torchscript';
  readonly contents: Contents;
  /** First byte of a storage in the file, checked against what the container says of it there. */
  locate(storage: PickleStorage): Promise<number>;
}

/** Repeated elements may make a tensor larger than its file; up to this many bytes it is read all the same. */
const MAX_EXPANDED_BYTES = 16_000_000;

/** An open PyTorch file: its pickle is read, its tensors are read one at a time. */
export class PytorchFile implements TensorFile {
  readonly format: PytorchContainer['format'];
  readonly metadata = {};
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly #container: PytorchContainer;
  /** First bytes of the storages that were read from. */
  readonly #located = new Map<string, Promise<number>>();

  /** @throws CheckpointError naming a tensor that lies outside its storage */
  constructor(container: PytorchContainer) {
    const { contents, source } = container;
    this.#container = container;
    this.format = container.format;
    for (const [name, tensor] of contents.tensors) checkView(source.name, name, tensor);
    this.tensors = new Map(
      [...contents.tensors].map(([name, { element, shape }]) => [name, { name, dtype: element.dtype, shape }]),
    );
  }

  /** What messages call the file. */
  get name(): string {
    return this.#container.source.name;
  }

  /** The key that the tensors stand under, empty for the top level. */
  get dictionary(): string {
    return this.#container.contents.dictionary;
  }

  /** The other keys of the top level, each with a short description. */
  get otherEntries(): ReadonlyMap<string, string> {
    return this.#container.contents.otherEntries;
  }

  /**
   * Reads one tensor into row-major order. Bytes in memory are viewed, not copied, where they lie so and are aligned.
   *
   * @throws CheckpointError when there is no such tensor, it is quantized, sparse or complex, or reading fails
   */
  async read(name: string): Promise<CheckpointTensor> {
    const tensor = this.#container.contents.tensors.get(name);
    const fail = (problem: string) => new CheckpointError(this.name, problem, { tensor: name });
    if (tensor === undefined) throw fail(`there is no such tensor among its ${this.tensors.size}`);
    const { element, shape, view } = tensor;
    if ('refusal' in view) throw fail(`it cannot be read: ${view.refusal}`);
    const { dtype, width } = element;
    if (!isSafetensorsDtype(dtype)) throw fail(`it cannot be read: tensors of ${dtype} are not supported`);
    const byteLength = byteLengthOf(shape, dtype);
    if (typeof byteLength === 'string') throw fail(byteLength);
    if (byteLength > Math.max(this.#container.source.byteLength, MAX_EXPANDED_BYTES)) {
      throw fail(`its shape ${listed(shape)} repeats few elements to ${byteLength} bytes, more than the file has`);
    }
    const bytes = await this.#readSpan(view, width, extentOf(shape, view.strides));
    const isOrdered = isContiguous(shape, view.strides);
    return tensorOf(dtype, shape, isOrdered ? bytes : gather(bytes, width, shape, view.strides));
  }

  /** Lets the file go. */
  close(): Promise<void> {
    return this.#container.source.close();
  }

  async #readSpan({ storage, offset }: TensorView, width: number, extent: number): Promise<Uint8Array> {
    if (extent === 0) return new Uint8Array(0);
    const located = this.#located.get(storage.key) ?? this.#container.locate(storage);
    this.#located.set(storage.key, located);
    const begin = (await located) + storage.window[0] * storage.element.width + offset * width;
    return this.#container.source.read(begin, begin + extent * width);
  }
}

function checkView(file: string, name: string, { element, shape, view }: PickleTensor): void {
  if ('refusal' in view) return;
  const { storage, offset, strides } = view;
  const end = (offset + extentOf(shape, strides)) * element.width;
  const bytes = storage.window[1] * storage.element.width;
  if (end <= bytes) return;
  const where = `shape ${listed(shape)}, strides ${listed(strides)} and offset ${offset}`;
  throw new CheckpointError(file, `${where} reach beyond its storage ${quoted(storage.key)} of ${bytes} bytes`, {
    tensor: name,
  });
}
