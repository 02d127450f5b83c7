import { existsSync } from 'node:fs';
import type { TorchEngine } from './engine.ts';
import { bridgeFilesFor } from './node/bridge-files.ts';
import { createEngine } from './node/create.ts';
import { findTorch } from './node/find-torch.ts';
import type { TorchEngineOptions, TorchReport } from './options.ts';

export * from './api.ts';

/**
 * Starts an engine on libtorch, which the user has installed and for which `npx @umt/engine-torch build` was run once.
 * Several engines may live in one process, and in worker threads.
 * @throws TorchUnavailableError that says what is missing and what to run
 *
 * @example
 * const engine = await createTorchEngine({ device: 'cpu', threads: 2 });
 * console.log(engine.capabilities.deviceName);
 */
export async function createTorchEngine(options: TorchEngineOptions = {}): Promise<TorchEngine> {
  return createEngine(options);
}

/**
 * What torch there is on this machine and whether its bridge is built. Loads nothing.
 * @throws TorchUnavailableError when there is no torch, or not its headers
 */
export async function inspectTorch(): Promise<TorchReport> {
  const torch = findTorch();
  const { bridge } = bridgeFilesFor(torch);
  return { torch, bridge: existsSync(bridge) ? bridge : null };
}
