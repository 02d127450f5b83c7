import type { Engine } from '@umt/tensor';
import { openDawn } from './node/dawn.ts';
import { findTensorFlow, loadTfjsNode } from './node/tfjs-node.ts';
import { loadOnnxRuntime } from './node/onnxruntime.ts';
import type { TensorFlowEngineOptions } from './tensorflow/packages.ts';
import type { WebGpuAdapter, WebGpuAdapterOptions as WebGpuEngineOptions } from './webgpu/adapter.ts';
import type { WebGpuEngine } from './webgpu/engine.ts';
import { createWasmEngineWith, type WasmEngineOptions } from './wasm/create.ts';

export * from './api.ts';
export { findTensorFlow };

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

/**
 * Starts an engine on WebGPU, on a device of its own (Dawn, from the optional package `webgpu`). Software
 * adapters such as SwiftShader are taken too: right, and slower than wasm.
 *
 * What the GPU reports late is thrown by the next read (GpuError), the loss of the device by the next call (GpuLostError).
 * Throws WebGpuUnavailableError when there is no WebGPU or no adapter.
 */
export async function createWebGpuEngine(options: WebGpuEngineOptions = {}): Promise<WebGpuEngine> {
  const { createWebGpuEngineWith } = await import('./webgpu/create.ts');
  return createWebGpuEngineWith(options, openDawn);
}

/**
 * The adapter that `createWebGpuEngine` would take, or null where there is none, or the package `webgpu` is not installed.
 * Starts no device.
 */
export async function findWebGpuAdapter(options: WebGpuEngineOptions = {}): Promise<WebGpuAdapter | null> {
  const { findWebGpuAdapterWith } = await import('./webgpu/create.ts');
  return findWebGpuAdapterWith(options, openDawn);
}

/**
 * Starts an engine on TensorFlow's own native library, through @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node, which
 * the user has installed: this package depends on neither. Works around their fault on Node 23 and newer.
 *
 * Throws TensorFlowUnavailableError when the package is missing or its native part does not load.
 */
export async function createTensorFlowEngine(options: TensorFlowEngineOptions = {}): Promise<Engine> {
  const { createTensorFlowEngineWith } = await import('./tensorflow/create.ts');
  return createTensorFlowEngineWith(loadTfjsNode(options));
}
