import type { WasmEngineOptions } from '@umt/engine-tfjs';
import type { Engine } from '@umt/tensor';

/** Settings that reach the engine, for those that have them. */
export interface EngineOptions {
  /** Threads of one operation; default what the process may use. */
  readonly threads?: number;
  /** Which GPU, where the device names none and there may be several; default the first. */
  readonly gpu?: number;
  /** For the wasm engine: who multiplies matrices. Default 'auto'. */
  readonly gemm?: NonNullable<WasmEngineOptions['gemm']>;
  /** For the wasm engine in browsers: where its .wasm files are. */
  readonly wasmPaths?: NonNullable<WasmEngineOptions['wasmPaths']>;
}

/** Something that could be added to an engine, or is missing for it to run. */
export interface Addition {
  /** What it would bring, e.g. `8 times faster matrix products`. */
  readonly benefit: string;
  /** The command that installs it. */
  readonly install: string;
}

/** Whether an engine can run here, found out without starting it. */
export type Availability =
  | { readonly isAvailable: true; readonly detail: string; readonly additions: readonly Addition[] }
  | { readonly isAvailable: false; readonly reason: string; readonly additions: readonly Addition[] };

/** An engine that may be picked. Each lives in a file of its own and is imported only when it is loaded. */
export interface Candidate {
  /** As in UMT_DEVICE. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly about: string;
  /** Whether 'auto' may pick it; those it may not are for tests and comparison. */
  readonly isAutomatic: boolean;
  /** Places it can be asked for in, after its name and a colon, in words; absent where there is only one. */
  readonly places?: string;
  /** Looks whether it can run here, starting nothing that stays. */
  probe(): Promise<Availability>;
  /**
   * Starts it. Rejects with a message that says what to install; when it was not asked for by name also where another
   * engine would serve better, with a message that says why. Without a place it takes the best it has.
   */
  load(options: EngineOptions, isAskedFor: boolean, place?: string): Promise<Engine>;
}
