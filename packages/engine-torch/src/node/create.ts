import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { TorchEngine, type TorchCapabilities } from '../engine.ts';
import { TorchUnavailableError } from '../errors.ts';
import type { FoundTorch, TorchEngineOptions } from '../options.ts';
import { Torch, type TorchDevice } from '../torch/torch.ts';
import type { CudaDevice, NativeModule } from '../torch/native.ts';
import { findTorch } from './find-torch.ts';
import { joinRanks } from './join-ranks.ts';
import { loadBridge } from './load.ts';

/** Most elements of a tensor: shapes and numbers of elements stay exact in float64 far beyond, memory does not. */
const MAX_TENSOR_SIZE = 2 ** 40;

/** Starts an engine. See `createTorchEngine` of the package. */
export function createEngine(options: TorchEngineOptions): TorchEngine {
  const threads = options.threads ?? defaultThreads();
  if (!(Number.isInteger(threads) && threads > 0)) {
    throw new Error(`createTorchEngine: threads is ${threads}; it must be a positive integer`);
  }
  const found = findTorch();
  const module = loadBridge(found);
  const gpus = options.device === 'cpu' ? [] : gpusFor(module, found);
  const device = chooseDevice(options.device ?? 'auto', options.gpu ?? 0, gpus, found);
  const used = module.configure(threads, Number(options.deterministic ?? false));
  const gpu = gpus[device.index];
  const deviceName =
    device.type === 'cuda' && gpu
      ? `torch ${module.version}, CUDA, ${gpu.name}`
      : `torch ${module.version}, CPU, ${blasName(module, found)}, ${used} thread${used === 1 ? '' : 's'}`;
  const capabilities: TorchCapabilities = {
    precisions: device.type === 'cuda' ? ['float32', 'bfloat16', 'float16'] : ['float32', 'bfloat16'],
    maxTensorSize: MAX_TENSOR_SIZE,
    threads: used,
    deviceName,
    torchVersion: module.version,
  };
  return new TorchEngine(new Torch(module, device), capabilities, joinRanks);
}

function defaultThreads(): number {
  const wanted = Number(process.env['OMP_NUM_THREADS']);
  return Number.isInteger(wanted) && wanted > 0 ? wanted : availableParallelism();
}

/** GPUs that this torch can use; its CUDA half is loaded only where the driver shows one. */
function gpusFor(module: NativeModule, { hasCuda, libraries }: FoundTorch): readonly CudaDevice[] {
  if (!hasCuda) return [];
  const gpus = module.cudaDevices();
  if (gpus.length > 0) module.loadCuda(join(libraries, 'libtorch_cuda.so'));
  return gpus;
}

/** @throws TorchUnavailableError 'cuda' when a GPU was asked for that is not there */
function chooseDevice(
  wanted: NonNullable<TorchEngineOptions['device']>,
  gpu: number,
  gpus: readonly CudaDevice[],
  { hasCuda, version }: FoundTorch,
): TorchDevice {
  if (wanted === 'cpu' || (wanted === 'auto' && gpus.length === 0)) return { type: 'cpu', index: 0 };
  const parts = /^cuda(?::(\d+))?$/.exec(wanted === 'auto' ? 'cuda' : wanted);
  if (!parts) throw new Error(`createTorchEngine: device '${wanted}' is not cpu, cuda or cuda:<number>`);
  const index = Number(parts[1] ?? gpu);
  if (index < gpus.length) return { type: 'cuda', index };
  const why = !hasCuda
    ? `torch ${version} was built without CUDA; run: pip install torch`
    : gpus.length === 0
      ? 'the NVIDIA driver shows no GPU'
      : `there ${gpus.length === 1 ? 'is 1 GPU' : `are ${gpus.length} GPUs`}, counted from 0`;
  throw new TorchUnavailableError('cuda', `no device cuda:${index}: ${why}`);
}

function blasName(module: NativeModule, { blas }: FoundTorch): string {
  const info = /BLAS_INFO=(\w+)/.exec(module.configuration())?.[1];
  return info === 'mkl' ? 'MKL' : info === 'open' ? 'OpenBLAS' : blas.name;
}
