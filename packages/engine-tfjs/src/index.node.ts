import type { Engine } from '@umt/tensor';
import { loadOnnxRuntime } from './node/onnxruntime.ts';
import { createWasmEngineWith, type WasmEngineOptions } from './wasm/create.ts';

export * from './api.ts';

/**
 * Starts an engine on TensorFlow.js's wasm backend, made right and fast: the default CPU path.
 * Each call makes an engine with a heap of its own. Matrix products go through onnxruntime-node where it is installed.
 *
 * Throws OnnxRuntimeError when `gemm: 'onnxruntime'` cannot be had, WasmLoadError when the binary cannot be loaded.
 *
 * @example
 * const engine = await createWasmEngine({ threads: 2 });
 * console.log(engine.capabilities.deviceName);
 */
export async function createWasmEngine(options: WasmEngineOptions = {}): Promise<Engine> {
  return createWasmEngineWith(options, (threads) => loadOnnxRuntime(threads));
}
