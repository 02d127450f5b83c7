import { Module, Parameter } from '@umt/nn';
import { random } from '@umt/random';
import {
  l2Normalize,
  linear,
  matmul,
  mean,
  multiply,
  add,
  softmaxCrossEntropy,
  tensor,
  transpose,
  type Collective,
  type Tensor,
} from '@umt/tensor';
import { train, type BatchSource, type CheckpointStore, type TrainingTask } from '@umt/trainer';

import type { Steps } from './stage1.ts';

/** Pairs in one batch over all ranks, and the width of what they are made of and of their features. */
const [PAIRS, IN, WIDTH] = [8, 12, 6];
const TEMPERATURE = 0.07;

/** Pairs [B, IN] that show the same thing in two ways. */
interface Pairs {
  readonly videos: Float32Array;
  readonly texts: Float32Array;
}

class Encoders extends Module {
  readonly video: Parameter;
  readonly text: Parameter;

  constructor() {
    super();
    const weights = (index: number) =>
      tensor(random({ seed: 2, stream: 'weights', index }).fillNormal(new Float32Array(WIDTH * IN), 0, 0.3), [
        WIDTH,
        IN,
      ]);
    this.video = new Parameter(weights(0));
    this.text = new Parameter(weights(1));
  }
}

/** The mean cross-entropy of finding each row's pair among all rows, both ways. */
function contrastiveLoss(videos_GC: Tensor, texts_GC: Tensor): Tensor {
  const logits = multiply(matmul(videos_GC, transpose(texts_GC)), 1 / TEMPERATURE);
  const targets = tensor(
    Float32Array.from({ length: PAIRS * PAIRS }, (_, i) => Number(i % (PAIRS + 1) === 0)),
    [PAIRS, PAIRS],
  );
  const both = [logits, transpose(logits)].map((one) => mean(softmaxCrossEntropy(one, targets)));
  return multiply(
    both.reduce((a, b) => add(a, b)),
    0.5,
  );
}

/**
 * Trains two encoders to find their pairs among the features of all ranks.
 * @param store where checkpoints of every second step go
 * @param onStep told of every step that was taken
 */
export async function trainContrastive(
  collective: Collective,
  store?: CheckpointStore,
  onStep: (step: number) => void = () => {},
): Promise<Steps> {
  const { rank, worldSize } = collective;
  const batchSize = PAIRS / worldSize;
  const model = new Encoders();
  const batches: BatchSource<Pairs> = {
    batchSize,
    batchesPerEpoch: 8,
    async *batches(epoch, firstBatch) {
      for (let number = firstBatch; number < 8; number++) {
        const [videos, texts] = [new Float32Array(batchSize * IN), new Float32Array(batchSize * IN)];
        for (let pair = 0; pair < batchSize; pair++) {
          const draw = random({
            seed: 3,
            stream: 'pair',
            step: epoch,
            index: number * PAIRS + rank * batchSize + pair,
          });
          for (let i = pair * IN; i < (pair + 1) * IN; i++) {
            videos[i] = draw.normal();
            texts[i] = (videos[i] ?? 0) + 0.5 * draw.normal();
          }
        }
        yield { videos, texts };
      }
    },
  };
  const task: TrainingTask<Pairs> = {
    parameters: model.parameters(),
    loss({ videos, texts }, context) {
      const features = (x: Float32Array, weight: Parameter) =>
        context.collective.allGather(l2Normalize(linear(tensor(x, [batchSize, IN]), weight.value)));
      return { loss: contrastiveLoss(features(videos, model.video), features(texts, model.text)) };
    },
  };
  const steps: Steps[number][] = [];
  await train(
    task,
    {
      ...{ seed: 1, epochs: 1, batches, collective },
      learningRate: { peak: 0.02, final: 0 },
      optimizer: { maxGradientNorm: 1 },
      ...(store && { checkpoints: { store, everySteps: 2 } }),
    },
    {
      onEvent(event) {
        if (event.type !== 'step') return;
        steps.push([event.loss, event.gradientNorm]);
        onStep(event.step);
      },
    },
  );
  return steps;
}
