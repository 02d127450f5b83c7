export { fromTfjs, toTfjs } from './bridge.ts';
export { createCpuEngine } from './cpu/create.ts';
export { EngineMemoryError, OnnxRuntimeError, WasmLoadError } from './errors.ts';
export type { WasmEngineOptions } from './wasm/create.ts';
export type { WasmPaths } from './wasm/module.ts';
