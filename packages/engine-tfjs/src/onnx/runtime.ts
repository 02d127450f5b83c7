/** A tensor as onnxruntime takes it: a view into any memory, read or written where it lies. */
export type OnnxTensor = object;

/** Named tensors. */
export type OnnxTensors = Readonly<Record<string, OnnxTensor>>;

/** One loaded model. */
export interface OnnxSession {
  /** Runs at once and returns when every fetch is written in place. */
  run(feeds: OnnxTensors, fetches: OnnxTensors): void;
  /** Frees the session and its graph. */
  dispose(): void;
}

/** What we use of onnxruntime: synchronous runs over caller-owned memory. */
export interface OnnxRuntime {
  /** Package version, e.g. "1.30.0". */
  readonly version: string;
  /** Threads one run may use. */
  readonly threads: number;
  /** Loads a model. */
  session(model: Uint8Array<ArrayBuffer>): OnnxSession;
  /** A float32 tensor over `data`, copying nothing. */
  float32(data: Float32Array, shape: readonly number[]): OnnxTensor;
  /** A bool tensor over bytes of 0 and 1, copying nothing. */
  bool(data: Uint8Array, shape: readonly number[]): OnnxTensor;
}

/** Loads onnxruntime for `threads` threads (default: all the process may use). Throws OnnxRuntimeError. */
export type OnnxRuntimeLoader = (threads: number | undefined) => Promise<OnnxRuntime>;
