// @ts-check
/**
 * Does Sprite Actions need time? Makes training and test videos whose sprites and hues differ, and prints what a linear head
 * on one frame, a linear head on a bag of all frames, and a video transformer are right in.
 *
 *   pnpm build && node bench/sprite-actions.mjs [--train 7200] [--test 960] [--epochs 8] [--width 128] [--depth 3]
 *     [--size 48] [--classes grow,shrink] [--folder runs/sprite-actions]
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readLabeledVideos } from '../packages/data/dist/index.node.js';
import { orderBlindCeiling, partnerOf, SPRITE_CLASSES, writeSpriteClips } from '../packages/sprites/dist/index.node.js';
import { evaluate, finetune, finetuneTiny } from '../packages/unmasked-teacher/dist/index.node.js';
import { openVideo, toRgb } from '../packages/video/dist/index.node.js';
import { accuracies, frameFeatures, poolFrames, trainLinearHead } from './frame-bag.mjs';

const { values: options } = parseArgs({
  options: {
    train: { type: 'string', default: '7200' },
    test: { type: 'string', default: '960' },
    epochs: { type: 'string', default: '8' },
    width: { type: 'string', default: '128' },
    depth: { type: 'string', default: '3' },
    size: { type: 'string', default: '48' },
    classes: { type: 'string', default: SPRITE_CLASSES.join(',') },
    device: { type: 'string', default: 'wasm' },
    folder: { type: 'string', default: 'runs/sprite-actions' },
  },
});
const [train, test] = [join(options.folder, 'train'), join(options.folder, 'test')];
const size = Number(options.size);
const seconds = (/** @type {number} */ since) => `${((performance.now() - since) / 1000).toFixed(0)} s`;
const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(1)} %`.padStart(8);

const begin = performance.now();
const clips = [Number(options.train), Number(options.test)];
const format = { seed: 0, size, classes: SPRITE_CLASSES.filter((one) => options.classes.split(',').includes(one)) };
const made = [
  await writeSpriteClips(train, { ...format, clips: clips[0] ?? 0, split: 'train' }),
  await writeSpriteClips(test, { ...format, clips: clips[1] ?? 0, split: 'test' }),
];
const written = made.reduce((sum, { written: count }) => sum + count, 0);
const took = (performance.now() - begin) / 1000;
console.log(
  `${written} of ${clips.join(' + ')} videos of ${size} px written, ${(written / took).toFixed(1)} a second in ${availableParallelism()} threads`,
);

const training = await readLabeledVideos(train);
const held = await readLabeledVideos(test, { classes: training.classes });
/** Folders of such a set are its classes. @type {readonly import('../packages/sprites/dist/index.node.js').SpriteClass[]} */
const classes = /** @type {readonly unknown[]} */ (training.classes);
const partners = classes.map((one) => {
  const place = classes.findIndex((other) => other === partnerOf(one));
  return place < 0 ? null : place;
});

/** Features of all frames of every video. @param {typeof training} videos */
async function featuresOf({ entries }) {
  const found = [];
  for (const { path, label = -1 } of entries) {
    const video = await openVideo(path, { threads: 1 });
    const frames = [];
    for await (const frame of video.frames([...video.frameTimestamps.keys()])) {
      frames.push(frameFeatures(toRgb(frame).data, size));
    }
    await video.close();
    found.push({ label, frames });
  }
  return found;
}

/** @typedef {Awaited<ReturnType<typeof featuresOf>>} Found */
/** @param {Found} from @param {Found} to @param {(frames: readonly Float32Array[], place: number) => Float32Array} pool */
function measureHead(from, to, pool) {
  const head = trainLinearHead(
    from.map(({ frames }, place) => pool(frames, place)),
    from.map(({ label }) => label),
    classes.length,
    12,
  );
  return accuracies(
    to.map(({ frames }, place) => head(pool(frames, place))),
    to.map(({ label }) => label),
    partners,
  );
}

const start = performance.now();
const [seen, unseen] = [await featuresOf(training), await featuresOf(held)];
// any frame, as its place in time would tell something of the order
const oneFrame = measureHead(
  seen,
  unseen,
  (frames, place) => frames[(7 * place) % frames.length] ?? new Float32Array(),
);
const frameBag = measureHead(seen, unseen, poolFrames);
console.log(`heads on frames trained in ${seconds(start)}\n`);
console.log(
  `${classes.length} classes, ${held.entries.length} test videos of unseen sprites`.padEnd(48),
  '   top-1',
  ' in pairs',
);
show('chance', { top1: 1 / classes.length, withinPairs: 0.5 });
show('linear head on one frame', oneFrame);
show('linear head on the bag of all frames', frameBag);
show('the most without the order of frames', { top1: orderBlindCeiling(classes), withinPairs: 0.5 });

const output = join(options.folder, 'run');
const predictions = join(options.folder, 'predictions.jsonl');
const trainingBegin = performance.now();
const config = finetuneTiny({
  data: { path: train, validation: test },
  output,
  device: options.device,
  video: { size },
  model: { width: Number(options.width), depth: Number(options.depth), heads: Number(options.width) / 32 },
  schedule: { epochs: Number(options.epochs) },
});
const run = await finetune(config, {
  overwrite: true,
  onEvent: (event) => {
    if (event.type === 'accuracy')
      console.log(`  after ${event.step} steps ${percent(event.top1)}, ${seconds(trainingBegin)}`);
  },
});
const trainingTook = seconds(trainingBegin);
if (existsSync(predictions)) rmSync(predictions);
await evaluate({ weights: run.weights, data: test, clips: 1, crops: 1, predictions, device: options.device });
const predicted = readFileSync(predictions, 'utf8')
  .trim()
  .split('\n')
  .map(
    (line) =>
      /** @type {{ path?: string; probabilities?: readonly number[]; labels?: readonly number[] }} */ (
        JSON.parse(line)
      ),
  )
  .flatMap(({ path, probabilities }) => {
    const label = held.entries.find((entry) => entry.path === path)?.label;
    return probabilities && label !== undefined ? [{ probabilities, label }] : [];
  });
const temporal = accuracies(
  predicted.map(({ probabilities }) => probabilities),
  predicted.map(({ label }) => label),
  partners,
);

show(`video transformer, ${run.step} steps, ${trainingTook}`, temporal);

/** @param {string} name @param {{ readonly top1: number, readonly withinPairs: number }} measured */
function show(name, { top1, withinPairs }) {
  console.log(name.padEnd(48), percent(top1), percent(withinPairs));
}
