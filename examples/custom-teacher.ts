/**
 * Pre-trains a small student by teachers of one's own: an image encoder, which says what each patch looks like, and a video
 * encoder, which says where it moves and whose attention guides the mask. Both are a few lines here; put DINO, SigLIP or a video
 * model in their place: all a teacher needs is a function from pixels to the features of its patches.
 *
 *   node examples/custom-teacher.ts my-videos 100             (Node 22.18 or newer reads TypeScript by itself)
 */
import { createVideoClipLoader, listVideos } from '@umt/data';
import { loadEngine, pickedLine } from '@umt/runtime';
import { add, mean, reshape, setEngine, slice, square, subtract, type Tensor } from '@umt/tensor';
import { patchVectors } from '@umt/tokenizer';
import { train } from '@umt/trainer';
import { createStudent } from '@umt/vit';
import {
  clipOptionsOf,
  createPretrainTask,
  frozenImageTeacher,
  frozenTeacher,
  pretrainTiny,
  studentConfigOf,
  trainOptionsOf,
} from 'unmasked-teacher';

const [folder = 'assets/clips', steps = '40'] = process.argv.slice(2);
const PATCH = 16;
const TUBELET = 2;
const WIDTH = 48; // 3 channels of 4 x 4 cells

/** Images [F, H, W, 3], one for every tubelet, to features [layers, F, patches, width]: the colours of 4 x 4 cells. */
function appearance(images: Tensor) {
  const [count = 0, height = 0, width = 0] = images.shape;
  const patches = patchVectors(reshape(images, [count, 1, height, width, 3]), { frames: 1, patch: PATCH });
  return { features: reshape(cells(patches), [1, count, -1, WIDTH]) };
}

/** Videos [B, T, H, W, 3] to features [layers, B, tokens, width], one token for 2 frames: how much cells change between them. */
function motion(video: Tensor) {
  const [clips = 0, frames = 0] = video.shape;
  const tubelets = patchVectors(video, { frames: TUBELET, patch: PATCH }); // (channel, frame, row, column)
  const byFrame = reshape(tubelets, [-1, TUBELET, PATCH * PATCH]);
  const change = square(subtract(slice(byFrame, [0, 1, 0], [-1, 1, -1]), slice(byFrame, [0, 0, 0], [-1, 1, -1])));
  const perToken = mean(reshape(change, [-1, 3 * PATCH * PATCH]), { axes: -1 });
  return {
    features: reshape(cells(change), [1, clips, -1, WIDTH]),
    // attention [B T / 2, patches]: moving patches matter more; what stands still may be seen too
    attention: add(reshape(perToken, [(clips * frames) / TUBELET, -1]), 1e-2),
  };
}

/** Patches of 16 x 16 pixels as the means of 4 x 4 cells: [.., 3 x 16 x 16] -> [.., 48] */
function cells(patches: Tensor): Tensor {
  return mean(reshape(patches, [-1, 12, 4, 4, 4]), { axes: [2, 4] });
}

const { engine, picked } = await loadEngine();
setEngine(engine);
console.log(pickedLine(picked));

const config = pretrainTiny({
  video: { frames: 8, size: 64, sampling: 'dense', stride: 4 },
  student: { width: 96, depth: 4, heads: 3, tubelet: TUBELET },
  teacher: { inputSize: 64, outputWidth: WIDTH }, // of the first teacher
  alignment: { layers: 1 },
  mask: { kind: 'attention', ratio: 0.75 },
  schedule: { maxSteps: Number(steps) },
  checkpoint: { everySteps: null },
});
const student = createStudent(
  {
    ...studentConfigOf(config),
    // heads for the second teacher: a layer of its own, an MLP for a head
    extraTeachers: [{ alignedLayers: 1, layerInterval: 1, targetWidth: WIDTH, normalize: 'l2', head: 'mlp' }],
  },
  { seed: config.seed },
);
const task = createPretrainTask({
  student,
  config,
  teachers: [
    {
      name: 'appearance',
      teacher: frozenImageTeacher(appearance, { tubelet: TUBELET, normalize: 'l2' }),
      weight: 1,
      loss: 'l2',
    },
    { name: 'motion', teacher: frozenTeacher(motion, { normalize: 'l2' }), weight: 0.5, loss: 'l2' },
  ],
  guide: 'motion',
});

const videos = await listVideos(folder);
const loader = createVideoClipLoader({
  entries: Array.from({ length: config.data.clipsPerVideo }, () => videos).flat(),
  seed: config.seed,
  clip: clipOptionsOf(config),
  batchSize: config.batch.size,
  epochs: config.schedule.epochs,
});
const result = await train(task, trainOptionsOf(config, loader, null), {
  onEvent: (event) => {
    if (event.type !== 'step' || (event.step !== 1 && event.step % 10 !== 0)) return;
    const parts = Object.entries(event.metrics).map(([name, value]) => `${name} ${value.toFixed(4)}`);
    console.log(`step ${event.step}: loss ${event.loss.toFixed(4)} (${parts.join(', ')})`);
  },
});
console.log(`${result.outcome} after ${result.step} steps`);
await loader.close();
student.dispose();
engine.dispose();
