export { fromTfjs, toTfjs } from './bridge.ts';
export { createCpuEngine } from './cpu/create.ts';
export { EngineMemoryError, OnnxRuntimeError, WasmLoadError } from './errors.ts';
export type { WebGpuAdapter, WebGpuAdapterOptions as WebGpuEngineOptions } from './webgpu/adapter.ts';
export type { WebGpuEngine } from './webgpu/engine.ts';
export { GpuError, GpuLostError, WebGpuUnavailableError, type GpuErrorKind } from './webgpu/errors.ts';
export type { WasmEngineOptions } from './wasm/create.ts';
export type { WasmPaths } from './wasm/module.ts';
