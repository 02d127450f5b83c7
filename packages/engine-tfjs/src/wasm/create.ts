import { OnnxRuntimeError } from '../errors.ts';
import type { OnnxRuntimeLoader } from '../onnx/runtime.ts';
import { CKernels } from './c-kernels.ts';
import type { DenseKernels } from './dense.ts';
import { WasmEngine } from './engine.ts';
import { HEAP_LIMIT_BYTES, WasmHeap } from './heap.ts';
import { loadWasm, type WasmPaths } from './module.ts';
import { OnnxKernels } from './onnx-kernels.ts';
import { disagreement } from './self-check.ts';
import { HandleStore } from './store.ts';
import { XnnpackKernels } from './xnnpack-kernels.ts';

/** How a wasm engine is set up. */
export interface WasmEngineOptions {
  /**
   * Who multiplies matrices: 'onnxruntime' (Node with onnxruntime-node installed; 8 times faster on two threads),
   * 'xnnpack' (inside wasm, everywhere), or 'auto' (default): onnxruntime where it is installed and agrees with XNNPACK.
   */
  readonly gemm?: 'auto' | 'onnxruntime' | 'xnnpack';
  /** Threads of one operation. Default: what the process may use (onnxruntime), tfjs's choice (XNNPACK in isolated pages). */
  readonly threads?: number;
  /** Where browsers find tfjs-backend-wasm's .wasm files; default beside the script. Node finds them by itself. */
  readonly wasmPaths?: WasmPaths;
  /** Most bytes of the heap that tensors and intermediate results may take, up to 4 GiB (default). */
  readonly memoryLimitBytes?: number;
  /** Hears why 'auto' did not take an installed onnxruntime. Default console.warn. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Starts the wasm engine with a loader for onnxruntime (null where there is none, as in browsers).
 * Throws OnnxRuntimeError when onnxruntime was asked for and cannot serve, WasmLoadError when the binary is not found.
 */
export async function createWasmEngineWith(
  options: WasmEngineOptions,
  loadOnnxRuntime: OnnxRuntimeLoader | null,
): Promise<WasmEngine> {
  const { threads, wasmPaths, memoryLimitBytes = HEAP_LIMIT_BYTES } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
    throw new Error(`createWasmEngine: threads is ${threads}; it must be a positive integer`);
  }
  const { module, hasSimd, threads: wasmThreads, dispose } = await loadWasm(wasmPaths, threads);
  const heap = new WasmHeap(module, memoryLimitBytes);
  const c = new CKernels(module, heap);
  const xnnpack = new XnnpackKernels(heap, c, wasmThreads);
  try {
    const dense = await chooseKernels(heap, xnnpack, options, loadOnnxRuntime);
    return new WasmEngine({ store: new HandleStore('wasm', heap), c, dense, hasSimd, disposeModule: dispose });
  } catch (error) {
    dispose();
    throw error;
  }
}

async function chooseKernels(
  heap: WasmHeap,
  xnnpack: DenseKernels,
  { gemm = 'auto', threads, onWarning = (message) => console.warn(message) }: WasmEngineOptions,
  loadOnnxRuntime: OnnxRuntimeLoader | null,
): Promise<DenseKernels> {
  if (gemm === 'xnnpack') return xnnpack;
  try {
    return await checkedOnnxKernels(heap, xnnpack, threads, loadOnnxRuntime);
  } catch (error) {
    if (gemm === 'onnxruntime' || !(error instanceof OnnxRuntimeError)) throw error;
    if (error.reason === 'unusable') onWarning(`wasm: ${error.message}; going on with XNNPACK, which is slower`);
    return xnnpack;
  }
}

async function checkedOnnxKernels(
  heap: WasmHeap,
  xnnpack: DenseKernels,
  threads: number | undefined,
  loadOnnxRuntime: OnnxRuntimeLoader | null,
): Promise<DenseKernels> {
  if (!loadOnnxRuntime) {
    throw new OnnxRuntimeError(
      'missing',
      "onnxruntime-node runs in Node only; leave gemm at 'auto' or say 'xnnpack' here",
    );
  }
  const runtime = await loadOnnxRuntime(threads);
  const kernels = new OnnxKernels(heap, runtime);
  const problem = explain(() => disagreement(heap, kernels, xnnpack));
  if (problem === null) return kernels;
  kernels.dispose();
  throw new OnnxRuntimeError('unusable', `onnxruntime-node ${runtime.version} cannot be trusted here: ${problem}`);
}

/** What `check` says, or why it could not. */
function explain(check: () => string | null): string | null {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
