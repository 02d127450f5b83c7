import type { TypedArray } from '@umt/tensor';

/** What torch calls its element types: the numbers of c10's ScalarType. */
export const DTYPE_CODES = { int32: 3, int64: 4, float16: 5, float32: 6, bool: 11, bfloat16: 15 } as const;

/** A GPU as the driver shows it. */
export interface CudaDevice {
  readonly name: string;
  /** Compute capability, such as 9 for Hopper. */
  readonly capability: number;
}

/** The compiled bridge as Node loads it (native/bridge.cc). */
export interface NativeModule {
  /** torch's version, such as 2.9.1. */
  readonly version: string;
  /** Starts an engine whose calls pass through two arrays. */
  open(callArguments: Float64Array, results: Float64Array): NativeBridge;
  /** Sets threads and allocator, for all engines of this thread; returns the threads of one operation. */
  configure(threads: number, isDeterministic: boolean | number): number;
  /** What torch was built with, in lines. */
  configuration(): string;
  /** The GPUs there are; starts nothing on them. */
  cudaDevices(): readonly CudaDevice[];
  /** Loads libtorch_cuda.so by its path. */
  loadCuda(library: string): void;
}

/**
 * The bridge's own loops over tensors on the CPU: slots and numbers stand in the arguments, in the order that
 * native/loop-calls.h gives, and tensors in the results. Both precisions, unless it says float32.
 */
export interface NativeLoops {
  /** One AdamW update in place, float32. */
  adamw(): void;
  /** Sums over the last axes in float64, float32. */
  sumLastAxes(): void;
  /** y and the reciprocal deviations of rows, from x, scale, shift and epsilon. */
  layerNorm(): void;
  /** Gradients of x, scale and shift. */
  layerNormBackward(): void;
  /** The exact GELU. */
  gelu(): void;
  /** The gradient of its x, from that of y and x. */
  geluBackward(): void;
  /** x sigmoid(1.702 x). */
  quickGelu(): void;
  /** The gradient of its x, from that of y and x. */
  quickGeluBackward(): void;
  /** A bias added to rows, in place. */
  addBias(): void;
  /** Attention in bfloat16, only where the processor multiplies in it. */
  attention?(): void;
  /** Gradients of queries, keys and values. */
  attentionBackward?(): void;
}

/** The functions of one engine. Tensors are slot numbers; devices are 0 for the CPU, 1 + index for CUDA. */
export interface NativeBridge extends NativeRanks, NativeLoops {
  /** The number of an ATen operator; -1 where this torch has none of the name. */
  findOperator(name: string, overload: string): number;
  /** A letter per argument, after '?' where it is optional; see native/operators.h. */
  argumentKinds(operator: number): string;
  /** Keeps a text for arguments that are text, and returns its number. */
  text(value: string): number;
  /** Runs an operator on what stands in the arguments; the results array then holds what it gave. */
  call(operator: number): void;
  /** Copies an array in; the shape stands in the arguments, the tensor in the results. */
  upload(data: TypedArray, arrayCode: number, code: number, device: number): void;
  /** Copies a tensor out, off the calling thread. */
  read(slot: number, target: TypedArray, arrayCode: number): Promise<TypedArray>;
  /** Frees the tensor in a slot, which is used again. */
  free(slot: number): void;
  /** Whether the tensor's memory belongs to this slot alone and may be written in place. */
  isSoleOwner(slot: number): boolean;
  /** Puts live slots, their bytes, and reserved bytes in the results. */
  memory(device: number): void;
  /** The sum of squares of float32 tensors on the CPU, whose number and slots stand in the arguments. */
  sumOfSquares(): number;
  /** Starts a sum over ranks; the number of tensors and their slots stand in the arguments. Returns the number of a job. */
  startSum(): number;
  /** Waits for a job; its tensors stand in the results. */
  finishJob(job: number): void;
  /** Frees every tensor. */
  close(): void;
}

/** The part of an engine's functions that lets it compute with other processes. */
export interface NativeRanks {
  /** Opens or finds torch's TCPStore. */
  openStore(host: string, port: number, isServer: number, prefix: string, timeoutSeconds: number): void;
  /** Sets a key of the store. */
  storeSet(key: string, value: string): void;
  /** The value of a key; empty while there is none. */
  storeGet(key: string): string;
  /** Opens the port on which other ranks connect, and returns it. */
  listenForRanks(worldSize: number): number;
  /** What the ranks of NCCL meet by, as text; made by rank 0. */
  newNcclId(): string;
  /** Whether tensors on the CPU can go through Gloo. */
  hasGloo(): boolean;
  /** Connects to the ranks, each a line with address and port, on the CPU over the ring or Gloo; returns the number of a job. */
  joinRanks(rank: number, addresses: string, token: string, device: number, ncclId: string, isOverRing: number): number;
  /** Returns the number of a job. */
  startGather(slot: number, worldSize: number): number;
  /** Whether `finishJob` would not wait. Throws when the job failed or a rank was lost. */
  isJobDone(job: number): boolean;
  /** The rank that was lost; -1 for none. */
  lostRank(): number;
  /** Ends all connections, with a goodbye or without. */
  partFromRanks(isOrderly: number): void;
}
