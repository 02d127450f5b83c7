import { startRun, type RunHandle } from '@umt/trainer';
import type { FinetuneConfig } from '../config/finetune-config.ts';
import type { FinetuneOptions, FinetuneResult } from '../finetune.ts';
import type { FinetuneEvent } from '../finetune/run-finetuning.ts';
import type { FinetuneOrder } from './finetune-here.ts';

/** Starts a fine-tuning run in a worker thread. See the browser-safe declaration for the contract. */
export function startFinetuning(config: FinetuneConfig, options: FinetuneOptions = {}): RunHandle<FinetuneResult> {
  const { onEvent = () => {}, overwrite = false, program = 'umt' } = options;
  const worker = new URL('./finetune-worker.node.js', import.meta.url); // beside this module once it is built
  const order: FinetuneOrder = { config, overwrite, program };
  return startRun(worker, order, { onEvent: (event: FinetuneEvent) => onEvent(event), name: 'umt finetune' });
}

/** Fine-tunes in a worker thread. See the browser-safe declaration for the contract. */
export async function finetune(config: FinetuneConfig, options: FinetuneOptions = {}): Promise<FinetuneResult> {
  return startFinetuning(config, options).result;
}
