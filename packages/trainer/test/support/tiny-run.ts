import { setEngine, type Engine } from '@umt/tensor';
import {
  train,
  type StepEvent,
  type TrainHooks,
  type TrainingEvent,
  type TrainOptions,
  type TrainResult,
} from '../../src/index.ts';
import { Float32Engine } from './float32-engine.ts';
import { tinyBatches, TinyModel, tinyTask, type TinyBatch, type TinyTaskOptions } from './tiny-task.ts';

/** Options of a tiny run that tests start from: three epochs of five steps of four samples. */
export const TINY: TrainOptions<TinyBatch> = {
  seed: 3,
  epochs: 3,
  batches: tinyBatches(4, 5),
  learningRate: { peak: 0.05, final: 0.001, warmupSteps: 3 },
  optimizer: { beta2: 0.95 },
};

/** A run and all it said. */
export interface TinyRun {
  readonly result: TrainResult;
  readonly events: readonly TrainingEvent[];
  /** One line of exact numbers for each step that was applied. */
  readonly steps: readonly string[];
  readonly engine: Engine;
  readonly model: TinyModel;
}

/** Trains the tiny model from its initial weights; unless told otherwise on an engine of its own. */
export async function runTiny(
  changes: Partial<TrainOptions<TinyBatch>> = {},
  task: TinyTaskOptions = { noise: 0.1 },
  hooks: TrainHooks = {},
  engine: Engine = new Float32Engine(),
): Promise<TinyRun> {
  setEngine(engine);
  const model = new TinyModel(1);
  const events: TrainingEvent[] = [];
  const onEvent = (event: TrainingEvent) => {
    events.push(event);
    hooks.onEvent?.(event);
  };
  const result = await train(tinyTask(model, task), { ...TINY, ...changes }, { ...hooks, onEvent });
  return { result, events, steps: events.filter((event) => event.type === 'step').map(exact), engine, model };
}

/** What must be equal between two runs that are the same. */
export function exact({ step, epoch, loss, gradientNorm, learningRate, metrics }: StepEvent): string {
  return JSON.stringify({ step, epoch, loss, gradientNorm, learningRate, metrics });
}
