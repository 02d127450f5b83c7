import { CheckpointError, quoted } from './checkpoint-error.ts';
import { isSafetensorsDtype } from './dtype.ts';
import { headerLength, parseHeader, PREFIX_BYTES, type SafetensorsHeader } from './header.ts';
import type { ByteSource } from './source.ts';
import type { TensorFile } from './tensor-file.ts';
import { tensorOf, type CheckpointTensor, type SafetensorsInfo } from './tensor.ts';

/** An open safetensors file: its header is read and checked, its tensors are read one at a time. */
export class SafetensorsFile implements TensorFile {
  readonly format = 'safetensors';
  /** Always empty: a safetensors file is one dictionary. */
  readonly dictionary = '';
  /** Always empty: a safetensors file holds nothing else. */
  readonly otherEntries: ReadonlyMap<string, string> = new Map();
  /** Free-form strings of the header. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Every tensor in the order of its bytes. */
  readonly tensors: ReadonlyMap<string, SafetensorsInfo>;
  readonly #source: ByteSource;

  private constructor(source: ByteSource, header: SafetensorsHeader) {
    this.#source = source;
    this.metadata = header.metadata;
    this.tensors = header.tensors;
  }

  /**
   * Reads and checks the header; closes the source when it is bad.
   *
   * @throws CheckpointError naming the file, and the tensor at fault
   */
  static async open(source: ByteSource): Promise<SafetensorsFile> {
    try {
      const { name, byteLength } = source;
      const prefix = await source.read(0, Math.min(PREFIX_BYTES, byteLength));
      const length = headerLength(prefix, byteLength, name);
      const header = await source.read(PREFIX_BYTES, PREFIX_BYTES + length);
      return new SafetensorsFile(source, parseHeader(header, byteLength, name));
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /** What messages call the file. */
  get name(): string {
    return this.#source.name;
  }

  /**
   * Reads one tensor. Bytes in memory are viewed, not copied, where they are aligned.
   *
   * @throws CheckpointError when there is no such tensor, its dtype is none of the format's, or reading fails
   */
  async read(name: string): Promise<CheckpointTensor> {
    const { dtype, shape } = this.#info(name);
    if (!isSafetensorsDtype(dtype)) {
      throw new CheckpointError(this.name, `dtype ${quoted(dtype)} is unknown: readBytes gives its raw bytes`, {
        tensor: name,
      });
    }
    return tensorOf(dtype, shape, await this.readBytes(name));
  }

  /** Reads the raw little-endian bytes of one tensor, of whatever dtype. */
  async readBytes(name: string): Promise<Uint8Array> {
    const { begin, end } = this.#info(name);
    return begin === end ? new Uint8Array(0) : this.#source.read(begin, end);
  }

  /** Lets the file go. */
  close(): Promise<void> {
    return this.#source.close();
  }

  #info(name: string): SafetensorsInfo {
    const info = this.tensors.get(name);
    if (info === undefined) {
      throw new CheckpointError(this.name, `there is no such tensor among its ${this.tensors.size}`, { tensor: name });
    }
    return info;
  }
}
