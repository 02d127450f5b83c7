/** The device has no room for a tensor. The engine stays usable: free tensors and try again. */
export class EngineMemoryError extends Error {
  override readonly name = 'EngineMemoryError';
  /** Bytes that were asked for. */
  readonly requestedBytes: number;
  /** Bytes the engine held when they were asked for. */
  readonly heldBytes: number;
  /** Bytes the engine may hold in all. */
  readonly limitBytes: number;

  constructor(engine: string, requestedBytes: number, heldBytes: number, limitBytes: number) {
    super(
      `${engine}: no room for ${requestedBytes} bytes beside the ${heldBytes} in use (limit ${limitBytes}); ` +
        'use a smaller batch, accumulate gradients, or free tensors',
    );
    this.requestedBytes = requestedBytes;
    this.heldBytes = heldBytes;
    this.limitBytes = limitBytes;
  }
}

/** onnxruntime-node was asked for and cannot serve: missing, broken, changed, or giving wrong products. */
export class OnnxRuntimeError extends Error {
  override readonly name = 'OnnxRuntimeError';
  /** 'missing' when the package is not installed, 'unusable' when it is but does not work as expected. */
  readonly reason: 'missing' | 'unusable';

  constructor(reason: 'missing' | 'unusable', message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** The wasm binary could not be loaded. */
export class WasmLoadError extends Error {
  override readonly name = 'WasmLoadError';
}
