/** Where an engine runs: the first GPU, one by its number, or the CPU. */
export type TorchDeviceName = 'cpu' | 'cuda' | `cuda:${number}`;

/** How a torch engine is set up. */
export interface TorchEngineOptions {
  /** Default: CUDA where torch and the machine have it, else the CPU. */
  readonly device?: TorchDeviceName | 'auto';
  /** Which GPU, where `device` names none: with several processes on a machine each has its own. Default 0. */
  readonly gpu?: number;
  /** Threads of one operation on the CPU; default OMP_NUM_THREADS, else all that the process may use. */
  readonly threads?: number;
  /** On CUDA: only kernels that give the same bits every time. Slower. Default false. */
  readonly deterministic?: boolean;
}

/** Which linear algebra a torch on the CPU uses. */
export interface Blas {
  readonly name: string;
  /** Whether it is the plain reference library, some 60 times slower than any other. */
  readonly isReference: boolean;
}

/** A torch as it was found on this machine. */
export interface FoundTorch {
  /** Who named it: the environment variable LIBTORCH, a python on the PATH, or the system's own folders. */
  readonly source: 'LIBTORCH' | 'python' | 'system';
  readonly version: string;
  /** The folder of libtorch_cpu.so. */
  readonly libraries: string;
  readonly includes: readonly string[];
  /** Whether it was built with the C++ library's newer strings, as all since 2.7 are. */
  readonly hasCxx11Abi: boolean;
  readonly blas: Blas;
  /** Whether it has a CUDA half. */
  readonly hasCuda: boolean;
}

/** What is known of torch on this machine without loading it. */
export interface TorchReport {
  readonly torch: FoundTorch;
  /** The built bridge; null before `npx @umt/engine-torch build`. */
  readonly bridge: string | null;
}
