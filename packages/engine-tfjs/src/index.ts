import type { Engine } from '@umt/tensor';
import { createWasmEngineWith, type WasmEngineOptions } from './wasm/create.ts';

export * from './api.ts';

/**
 * Starts an engine on TensorFlow.js's wasm backend, made right and fast. Each call makes an engine with a heap of its own.
 * Here matrix products always go through XNNPACK: onnxruntime-node runs in Node only.
 *
 * Throws WasmLoadError when the binary cannot be fetched: serve the .wasm files of @tensorflow/tfjs-backend-wasm and
 * name their folder in `wasmPaths`.
 */
export async function createWasmEngine(options: WasmEngineOptions = {}): Promise<Engine> {
  return createWasmEngineWith(options, null);
}
