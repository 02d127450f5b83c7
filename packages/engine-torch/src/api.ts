export type { TorchCapabilities, TorchEngine } from './engine.ts';
export {
  CollectiveError,
  LostRankError,
  TorchMemoryError,
  TorchUnavailableError,
  type TorchProblem,
} from './errors.ts';
export type { Blas, FoundTorch, TorchDeviceName, TorchEngineOptions, TorchReport } from './options.ts';
