import { startRun, type RunHandle } from '@umt/trainer';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import type { PretrainOptions, PretrainResult } from '../pretrain.ts';
import type { PretrainEvent } from '../stage1/run-pretraining.ts';
import type { PretrainOrder } from './pretrain-here.ts';

/** Starts a pre-training run in a worker thread. See the browser-safe declaration for the contract. */
export function startPretraining(config: PretrainConfig, options: PretrainOptions = {}): RunHandle<PretrainResult> {
  const { onEvent = () => {}, overwrite = false, program = 'umt' } = options;
  const worker = new URL('./pretrain-worker.node.js', import.meta.url); // beside this module once it is built
  const order: PretrainOrder = { config, overwrite, program };
  // The channel between the threads carries any plain event; the trainer's type names its own.
  return startRun(worker, order, { onEvent: (event: PretrainEvent) => onEvent(event), name: 'umt pretrain' });
}

/** Pre-trains in a worker thread. See the browser-safe declaration for the contract. */
export async function pretrain(config: PretrainConfig, options: PretrainOptions = {}): Promise<PretrainResult> {
  return startPretraining(config, options).result;
}
