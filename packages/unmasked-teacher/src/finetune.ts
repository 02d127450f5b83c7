import type { Picked } from '@umt/runtime';
import type { RunHandle } from '@umt/trainer';
import type { FinetuneConfig } from './config/finetune-config.ts';
import type { EvaluationSummary } from './evaluation/evaluation-summary.ts';
import type { BestMeasurement, FinetuneEvent } from './finetune/run-finetuning.ts';

/** How a run is started. */
export interface FinetuneOptions {
  readonly onEvent?: (event: FinetuneEvent) => void;
  /** Delete what an earlier run left in the output folder: its checkpoints, log, weights and report. Default false. */
  readonly overwrite?: boolean;
  /** How the report calls this program in what it suggests to type. Default `umt`. */
  readonly program?: string;
}

/** What a run leaves behind. */
export interface FinetuneResult {
  readonly outcome: 'done' | 'stopped';
  /** Which process of the run this is: where several share it, 0 alone measured and wrote files. */
  readonly rank: number;
  /** Steps taken. */
  readonly step: number;
  readonly totalSteps: number;
  readonly skippedSteps: number;
  /** The engine that was used and why. */
  readonly picked: Picked;
  readonly classes: readonly string[];
  /** The final classifier on one view of each validation video; null without a list, or where it was stopped before. */
  readonly validation: EvaluationSummary | null;
  /** On `evaluation.clips` x `evaluation.crops` views; null where that is one view, without a list, or where it was stopped before. */
  readonly test: EvaluationSummary | null;
  readonly best: BestMeasurement | null;
  /** One line for each video that could not be read. */
  readonly brokenVideos: readonly string[];
  /** Path of the HTML report. */
  readonly report: string;
  /** Path of the final classifier, a safetensors file that knows its classes. */
  readonly weights: string;
  /** Path of the classifier that did best on the validation list; null where it was never measured. */
  readonly bestWeights: string | null;
}

/**
 * Starts a fine-tuning run in a worker thread of Node, so that this thread stays free.
 *
 * @returns its handle: `result`, and `stop()` for an orderly stop with checkpoint and report
 * @throws Error in browsers, which have no folders: there `runFinetuning` takes videos and a checkpoint store
 */
export function startFinetuning(_config: FinetuneConfig, _options: FinetuneOptions = {}): RunHandle<FinetuneResult> {
  throw new Error('startFinetuning works on folders, in Node; in browsers call runFinetuning in a worker of your own');
}

/**
 * Fine-tuning in Node, from a configuration to a classifier and a report, in a worker thread.
 *
 * @throws RunError of @umt/trainer with the message of what went wrong in the worker
 *
 * @example
 * const result = await finetune(finetuneTiny({ data: { path: 'train', validation: 'test' } }));
 * console.log(result.validation?.top1, result.weights);
 */
export async function finetune(config: FinetuneConfig, options: FinetuneOptions = {}): Promise<FinetuneResult> {
  return startFinetuning(config, options).result;
}
