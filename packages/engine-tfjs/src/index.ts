import type { Engine } from '@umt/tensor';
import { TensorFlowUnavailableError } from './tensorflow/errors.ts';
import type { FoundTensorFlow, TensorFlowEngineOptions } from './tensorflow/packages.ts';
import type { WebGpuAdapter, WebGpuAdapterOptions as WebGpuEngineOptions } from './webgpu/adapter.ts';
import { openBrowserGpu } from './webgpu/browser-gpu.ts';
import type { WebGpuEngine } from './webgpu/engine.ts';
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

/**
 * Starts an engine on WebGPU, on a device of its own. Software
 * adapters such as SwiftShader are taken too: right, and slower than wasm.
 *
 * What the GPU reports late is thrown by the next read (GpuError), the loss of the device by the next call (GpuLostError).
 * Throws WebGpuUnavailableError when there is no WebGPU or no adapter.
 */
export async function createWebGpuEngine(options: WebGpuEngineOptions = {}): Promise<WebGpuEngine> {
  const { createWebGpuEngineWith } = await import('./webgpu/create.ts');
  return createWebGpuEngineWith(options, openBrowserGpu);
}

/**
 * The adapter that `createWebGpuEngine` would take, or null where there is none.
 * Starts no device.
 */
export async function findWebGpuAdapter(options: WebGpuEngineOptions = {}): Promise<WebGpuAdapter | null> {
  const { findWebGpuAdapterWith } = await import('./webgpu/create.ts');
  return findWebGpuAdapterWith(options, openBrowserGpu);
}

/**
 * TensorFlow's native library runs in Node only.
 *
 * Throws TensorFlowUnavailableError here.
 */
export async function createTensorFlowEngine(_options: TensorFlowEngineOptions = {}): Promise<Engine> {
  throw new TensorFlowUnavailableError('missing', 'tensorflow: runs in Node only; choose webgpu or wasm in browsers');
}

/** The package that `createTensorFlowEngine` would load: in browsers none. */
export function findTensorFlow(_options: TensorFlowEngineOptions = {}): FoundTensorFlow | null {
  return null;
}
