/**
 * Pre-trains a small VideoMAE, the baseline of Unmasked Teacher, on a folder of videos: three quarters of the tokens are
 * hidden in tubes through time, and the model predicts their pixels. It needs no teacher.
 *
 *   node examples/videomae.ts my-videos 200             (Node 22.18 or newer reads TypeScript by itself)
 */
import { createVideoClipLoader, listVideos } from '@umt/data';
import { loadEngine, pickedLine } from '@umt/runtime';
import { setEngine } from '@umt/tensor';
import { scaleLearningRate, train } from '@umt/trainer';
import { createVideoMae, videoMaeConfig } from '@umt/vit';
import { createVideoMaeTask } from 'unmasked-teacher';

const [folder = 'assets/clips', steps = '100'] = process.argv.slice(2);
const BATCH = 8;
const CLIPS_PER_VIDEO = 8;

const { engine, picked } = await loadEngine();
setEngine(engine);
console.log(pickedLine(picked));

const config = videoMaeConfig('B/16', {
  ...{ width: 96, depth: 4, heads: 3, decoderWidth: 48, decoderDepth: 2, decoderHeads: 3 },
  ...{ imageSize: 64, frames: 8 },
});
const videos = await listVideos(folder);
const epochs = Math.ceil(Number(steps) / Math.floor((videos.length * CLIPS_PER_VIDEO) / BATCH));
const loader = createVideoClipLoader({
  entries: Array.from({ length: CLIPS_PER_VIDEO }, () => videos).flat(),
  seed: 1,
  clip: {
    frames: config.frames,
    size: config.imageSize,
    sampling: { kind: 'dense', rate: 4 },
    flipProbability: 0.5,
    cacheBytes: 4e8,
  },
  batchSize: BATCH,
  epochs,
});

const model = createVideoMae(config, { seed: 1 });
const task = createVideoMaeTask({ model, mask: { kind: 'tube', ratio: 0.75 } });
const result = await train(
  task,
  {
    seed: 1,
    epochs,
    batches: loader,
    maxSteps: Number(steps),
    learningRate: { peak: scaleLearningRate(6.4e-2, BATCH), final: scaleLearningRate(1e-3, BATCH), warmupSteps: 10 },
    optimizer: { beta2: 0.95, withoutDecay: ['mask_token'] },
  },
  {
    onEvent: (event) => {
      if (event.type === 'step' && (event.step === 1 || event.step % 10 === 0)) {
        console.log(`step ${event.step}: loss ${event.loss.toFixed(4)}, ${event.samplesPerSecond.toFixed(1)} clips/s`);
      }
    },
  },
);
console.log(`${result.outcome} after ${result.step} steps; to predict each token's mean colour loses 0.998`);
await loader.close();
model.dispose();
engine.dispose();
