import type { JoinedCollective, Membership } from './collective.ts';
import type { CompositeKernels } from './composites/contract.ts';
import type { DType, Shape, TypedArray } from './dtype.ts';
import type { PrimitiveAttributes, PrimitiveName } from './primitives.ts';

/** What an engine holds for one tensor. Engines extend it with their own fields; nobody else looks inside. */
export interface Handle {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** What an engine can do and where it runs. */
export interface Capabilities {
  /** Floating types in which it can hold and compute. Always contains 'float32'. */
  readonly precisions: readonly DType[];
  /** Most elements one tensor may have. */
  readonly maxTensorSize: number;
  /** Threads used for one operation; 1 where unknown. */
  readonly threads: number;
  /** The device in words, e.g. "wasm (SIMD), onnxruntime-node GEMM, 2 threads". */
  readonly deviceName: string;
}

/** What an engine holds at this moment. */
export interface EngineMemory {
  /** Live handles. */
  readonly tensors: number;
  /** Bytes of live handles; storage shared by several handles is counted once. */
  readonly bytes: number;
  /** Bytes the engine has reserved from the system (the wasm heap, a GPU pool); equals `bytes` where there is no pool. */
  readonly reservedBytes: number;
}

/**
 * Runs primitives on one device. Handles are values: a primitive never changes its inputs, and `reshape` may share storage.
 * `free` is called exactly once for each handle an engine returned.
 * Calls are asynchronous on some devices: an error may surface at the next `read`.
 */
export interface Engine {
  /** Short name, as in UMT_DEVICE: 'wasm', 'cpu', 'webgpu', 'torch', 'tensorflow'. */
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Composites this engine runs in its own way. Each must agree with its definition (packages/conformance). */
  readonly composites: CompositeKernels;
  /** Copies `data` (row-major) to the device. */
  upload(data: TypedArray, shape: Shape, dtype: DType): Handle;
  /** Copies a handle's elements back, row-major. The handle may be freed as soon as the call has returned. */
  read(handle: Handle): Promise<TypedArray>;
  /** Gives a handle back; its storage goes with the last handle that shares it. */
  free(handle: Handle): void;
  /** Runs one primitive. Inputs were checked by the caller: shapes, dtypes and attributes are valid. */
  run<P extends PrimitiveName>(
    primitive: P,
    inputs: readonly Handle[],
    attributes: PrimitiveAttributes[P],
  ): readonly Handle[];
  /** What is held at this moment. */
  memory(): EngineMemory;
  /**
   * Joins the other processes of a run; all of them call it. Absent where the engine's processes cannot talk to each other.
   * @throws when they do not meet, in one line that says who is missing
   */
  joinCollective?(membership: Membership): Promise<JoinedCollective>;
  /** Frees every handle and the device. The engine is unusable afterwards. */
  dispose(): void;
}
