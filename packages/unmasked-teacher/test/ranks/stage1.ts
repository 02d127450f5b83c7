import { random } from '@umt/random';
import { train, type BatchSource } from '@umt/trainer';
import { mergeConfig } from '../../src/config/merge-config.ts';
import { parsePretrainConfig } from '../../src/config/pretrain-config.ts';
import { pretrainTiny } from '../../src/recipes/pretrain-tiny.ts';
import { buildStudent, buildTeacher } from '../../src/stage1/models.ts';
import { createPretrainTask, type VideoBatch } from '../../src/stage1/pretrain-task.ts';
import { trainOptionsOf } from '../../src/stage1/train-options.ts';
import { SMALL } from '../small.ts';
import type { Collective } from '@umt/tensor';

/** Losses and gradient norms of the steps of a run. */
export type Steps = readonly (readonly [loss: number, gradientNorm: number])[];

/** Clips in one micro-batch over all ranks. */
const CLIPS = 4;
const CLIP_SIZE = 2 * 32 * 32 * 3;

/** A small stage-1 run on made-up clips. */
export async function trainStage1(collective: Collective): Promise<Steps> {
  const { rank, worldSize } = collective;
  const batchSize = CLIPS / worldSize;
  const config = parsePretrainConfig(
    mergeConfig(pretrainTiny(SMALL), {
      batch: { size: CLIPS, accumulation: 2 },
      schedule: { epochs: 2, warmupEpochs: 0, warmupSteps: 1 },
      optimizer: { learningRate: 1e-2 },
    }),
  );
  const batches: BatchSource<VideoBatch> = {
    batchSize,
    batchesPerEpoch: 6,
    async *batches(epoch, firstBatch) {
      for (let number = firstBatch; number < 6; number++) {
        const video = new Float32Array(batchSize * CLIP_SIZE);
        for (let clip = 0; clip < batchSize; clip++) {
          const index = number * CLIPS + rank * batchSize + clip;
          const place = video.subarray(clip * CLIP_SIZE, (clip + 1) * CLIP_SIZE);
          random({ seed: 1, stream: 'clip', step: epoch, index }).fillNormal(place, 0, 1);
        }
        yield { video, shape: [batchSize, 2, 32, 32, 3] };
      }
    },
  };
  const [teacher, student] = [await buildTeacher(config, null), buildStudent(config)];
  const steps: Steps[number][] = [];
  const options = { ...trainOptionsOf(config, batches, null), collective };
  await train(createPretrainTask({ student, teacher, config }), options, {
    onEvent(event) {
      if (event.type === 'step') steps.push([event.loss, event.gradientNorm]);
    },
  });
  return steps;
}
