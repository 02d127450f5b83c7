import { startRun, type RunHandle } from '@umt/trainer';
import type { EvaluateHooks, EvaluateOptions, EvaluateResult } from '../evaluate.ts';

/** Starts an evaluation in a worker thread. See the browser-safe declaration for the contract. */
export function startEvaluation(options: EvaluateOptions, hooks: EvaluateHooks = {}): RunHandle<EvaluateResult> {
  const worker = new URL('./evaluate-worker.node.js', import.meta.url); // beside this module once it is built
  return startRun(worker, options, { ...hooks, name: 'umt evaluate' });
}

/** Evaluates in a worker thread. See the browser-safe declaration for the contract. */
export async function evaluate(options: EvaluateOptions, hooks: EvaluateHooks = {}): Promise<EvaluateResult> {
  return startEvaluation(options, hooks).result;
}
