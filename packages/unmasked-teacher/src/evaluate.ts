import type { Picked } from '@umt/runtime';
import type { RunHandle, TrainingEvent } from '@umt/trainer';
import type { EvaluationSummary } from './evaluation/evaluation-summary.ts';
import type { ModelSizes } from './inference/video-model.ts';

/** What is evaluated, and how. */
export interface EvaluateOptions extends ModelSizes {
  /** Path of the classifier: what fine-tuning wrote, or a checkpoint of the reference's release. */
  readonly weights: string;
  /** Labelled videos: a folder per class, a CSV or JSON lines. */
  readonly data: string;
  /** Clips of a video over time. Default 4. */
  readonly clips?: number;
  /** Crops of each clip along its longer side. Default 3. */
  readonly crops?: number;
  /** Views that pass through the model at once. Default 1. */
  readonly batchSize?: number;
  /** Threads that decode. Default 0: decoding between batches. */
  readonly workers?: number;
  readonly device?: string;
  /** Names of the classes by number. Default: those in the weights, else the numbers. */
  readonly labels?: readonly string[];
  /** Folder put in front of the paths of a list. */
  readonly prefix?: string;
  /**
   * JSON lines, one for each video, written as predictions come. Where the file holds predictions of the same weights, list
   * and views, the evaluation goes on after them.
   */
  readonly predictions?: string;
  /** An HTML page with the figures and the confusion table. */
  readonly report?: string;
}

/** What an evaluation gives. */
export interface EvaluateResult extends EvaluationSummary {
  readonly outcome: 'done' | 'stopped';
  readonly classes: readonly string[];
  readonly clips: number;
  readonly crops: number;
  /** Videos of the list that were not reached because it was stopped. */
  readonly remaining: number;
  /** Videos whose predictions were there from before. */
  readonly resumed: number;
  /** One line for each video that could not be read: they are not counted in any figure. */
  readonly unreadable: readonly string[];
  /** The engine that was used and why. */
  readonly picked: Picked;
  readonly predictions: string | null;
  readonly report: string | null;
}

/** What an evaluation says of itself: phases, and a warning for each video that cannot be read. */
export type EvaluateEvent = TrainingEvent;

/** How an evaluation is followed. */
export interface EvaluateHooks {
  readonly onEvent?: (event: EvaluateEvent) => void;
}

/**
 * Starts an evaluation in a worker thread of Node, so that this thread stays free.
 *
 * @returns its handle: `result`, and `stop()`, after which it ends with the videos that are through
 * @throws Error in browsers: there `measureClassifier` takes a model and videos
 */
export function startEvaluation(_options: EvaluateOptions, _hooks: EvaluateHooks = {}): RunHandle<EvaluateResult> {
  throw new Error('startEvaluation works on files, in Node; in browsers call measureClassifier');
}

/**
 * Measures a classifier by the reference's protocol: clips times crops of every video, the softmax of all views averaged; top-1,
 * top-5, mean class accuracy and confusion table.
 *
 * @throws RunError of @umt/trainer with the message of what went wrong in the worker
 *
 * @example
 * const { top1, confusion } = await evaluate({ weights: 'classifier.safetensors', data: 'test.csv', clips: 4, crops: 3 });
 */
export async function evaluate(options: EvaluateOptions, hooks: EvaluateHooks = {}): Promise<EvaluateResult> {
  return startEvaluation(options, hooks).result;
}
