import { WasmLoadError } from '../errors.ts';

/** Where browsers find tfjs-backend-wasm's binaries: a folder URL ending in '/', or a URL per file. */
export type WasmPaths =
  | string
  | {
      readonly 'tfjs-backend-wasm.wasm': string;
      readonly 'tfjs-backend-wasm-simd.wasm': string;
      readonly 'tfjs-backend-wasm-threaded-simd.wasm': string;
    };

/** What a C function takes: a number, or an int32 list passed as bytes. */
export type WasmArgument = number | Uint8Array;

/** A C function of the module. */
export type WasmFunction = (...values: readonly WasmArgument[]) => void;

/** The part of tfjs-backend-wasm's Emscripten module that is used. */
export interface WasmModule {
  /** The heap; replaced when it grows. */
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  /** Reserves memory on the heap and returns its offset, 0 where there is none left. */
  _malloc(bytes: number): number;
  /** Gives memory back. */
  _free(offset: number): void;
  /** A function of the module as one of JavaScript. */
  cwrap(name: string, returns: null, types: readonly ('number' | 'array')[]): WasmFunction;
  readonly tfjs: {
    registerTensor(id: number, size: number, offset: number): void;
    disposeData(id: number): void;
    getThreadsCount(): number;
  };
}

/** A module of its own, which shares nothing with other engines or with tfjs's global one. */
export interface LoadedWasm {
  readonly module: WasmModule;
  readonly hasSimd: boolean;
  /** Threads XNNPACK uses; more than 1 only in cross-origin isolated pages. */
  readonly threads: number;
  /** Ends the module and its threads. */
  dispose(): void;
}

/** Starts a fresh instance of tfjs-backend-wasm. Throws WasmLoadError when the binary cannot be fetched. */
export async function loadWasm(paths: WasmPaths | undefined, threads: number | undefined): Promise<LoadedWasm> {
  const { env, findBackendFactory } = await import('@tensorflow/tfjs-core');
  const { BackendWasm, setThreadsCount, setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  if (paths !== undefined) setWasmPaths(typeof paths === 'string' ? paths : { ...paths });
  if (threads !== undefined) setThreadsCount(threads);
  const before = processListeners();
  try {
    const backend: unknown = await findBackendFactory('wasm')();
    if (!(backend instanceof BackendWasm)) throw new Error('the wasm backend is not the one that was imported');
    const module = backend.wasm as unknown as WasmModule;
    return {
      module,
      hasSimd: (await env().getAsync('WASM_HAS_SIMD_SUPPORT')) === true,
      threads: Math.max(1, module.tfjs.getThreadsCount()),
      dispose: () => backend.dispose(),
    };
  } catch (cause) {
    const message = typeof cause === 'object' && cause && 'message' in cause ? String(cause.message) : String(cause);
    throw new WasmLoadError(
      `wasm: cannot load tfjs-backend-wasm's binary (${message}); serve its .wasm files and name their folder in createWasmEngine({ wasmPaths })`,
      { cause },
    );
  } finally {
    removeEmscriptenListeners(before);
  }
}

type Listener = (...values: never[]) => void;

/** The part of Node's process that is used. */
interface Emitter {
  listeners(event: string): readonly Listener[];
  off(event: string, listener: Listener): void;
}

const EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

/** Node's process, where there is one. */
function nodeProcess(): Emitter | null {
  const { process } = globalThis as unknown as { process?: Partial<Emitter> };
  return typeof process?.listeners === 'function' && typeof process.off === 'function' ? (process as Emitter) : null;
}

function processListeners(): ReadonlySet<Listener> {
  return new Set(EVENTS.flatMap((event) => nodeProcess()?.listeners(event) ?? []));
}

/**
 * Emscripten makes every rejected promise of the host program fatal, once more per module. A library has no business
 * there, so the listeners it added are taken off again (known by their text, as others may be added meanwhile).
 */
function removeEmscriptenListeners(before: ReadonlySet<Listener>): void {
  for (const event of EVENTS) {
    for (const listener of nodeProcess()?.listeners(event) ?? []) {
      const isEmscripten = /ExitStatus|throw reason/.test(String(listener));
      if (isEmscripten && !before.has(listener)) nodeProcess()?.off(event, listener);
    }
  }
}
