import type { Picked } from '@umt/runtime';
import type { RunHandle } from '@umt/trainer';
import type { PretrainConfig } from './config/pretrain-config.ts';
import type { HeldOutResult, PretrainEvent } from './stage1/run-pretraining.ts';

/** How a run is started. */
export interface PretrainOptions {
  readonly onEvent?: (event: PretrainEvent) => void;
  /** Delete what an earlier run left in the output folder: its checkpoints, log, weights and report. Default false. */
  readonly overwrite?: boolean;
  /** How the report calls this program in what it suggests to type. Default `umt`. */
  readonly program?: string;
}

/** What a run leaves behind. */
export interface PretrainResult {
  readonly outcome: 'done' | 'stopped';
  /** Which process of the run this is: where several share it, 0 alone measured and wrote files. */
  readonly rank: number;
  /** Steps taken. */
  readonly step: number;
  readonly totalSteps: number;
  readonly skippedSteps: number;
  /** The engine that was used and why. */
  readonly picked: Picked;
  /** Null where no video was held out. */
  readonly heldOut: HeldOutResult | null;
  /** One line for each video that could not be read. */
  readonly brokenVideos: readonly string[];
  /** Path of the HTML report. */
  readonly report: string;
  /** Path of the student's weights, a safetensors file. */
  readonly weights: string;
}

/**
 * Starts a pre-training run in a worker thread of Node, so that this thread stays free.
 *
 * @returns its handle: `result`, and `stop()` for an orderly stop with checkpoint and report
 * @throws Error in browsers, which have no folders: there `runPretraining` takes videos and a checkpoint store
 */
export function startPretraining(_config: PretrainConfig, _options: PretrainOptions = {}): RunHandle<PretrainResult> {
  throw new Error(
    'startPretraining works on folders, in Node; in browsers call runPretraining in a worker of your own',
  );
}

/**
 * Stage-1 pre-training in Node, from a configuration to a student's weights and a report, in a worker thread.
 *
 * @throws RunError of @umt/trainer with the message of what went wrong in the worker
 *
 * @example
 * const result = await pretrain(pretrainTiny({ data: { path: 'my-videos' }, output: 'runs/mine' }));
 * console.log(result.report);
 */
export async function pretrain(config: PretrainConfig, options: PretrainOptions = {}): Promise<PretrainResult> {
  return startPretraining(config, options).result;
}
