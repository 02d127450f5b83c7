import type { TorchEngine } from './engine.ts';
import { TorchUnavailableError } from './errors.ts';
import type { TorchEngineOptions, TorchReport } from './options.ts';

export * from './api.ts';

/** Starts an engine on libtorch in Node; there is none in browsers. See the Node entry for the contract. */
export async function createTorchEngine(_options: TorchEngineOptions = {}): Promise<TorchEngine> {
  throw new TorchUnavailableError('platform', 'this engine runs in Node on Linux only');
}

/** What torch there is on this machine; there is none in browsers. See the Node entry for the contract. */
export async function inspectTorch(): Promise<TorchReport> {
  throw new TorchUnavailableError('platform', 'this engine runs in Node on Linux only');
}
