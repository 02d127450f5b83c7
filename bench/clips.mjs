// @ts-check
/**
 * What clips cost without decoding: milliseconds of processor time (other programs disturb it less than the clock) for a
 * clip of 8 frames of 224 pixels, made of videos of 320 x 240 that are held decoded.
 *
 *   pnpm build && node bench/clips.mjs [--epochs 5]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createVideoClipLoader, listVideos } from '../packages/data/dist/index.node.js';

const { values: options } = parseArgs({ options: { epochs: { type: 'string', default: '5' } } });
const EPOCHS = Number(options.epochs);

const entries = (await listVideos(fileURLToPath(new URL('../assets/clips', import.meta.url)))).slice(0, 6);
const shared = { frames: 8, size: 224, cacheBytes: 1e9 };
/** @type {Record<string, import('../packages/data/dist/index.node.js').TrainingClipOptions>} */
const kinds = {
  'pre-training': shared,
  'fine-tuning without RandAugment': { ...shared, kind: 'finetune', randAugment: null },
  'fine-tuning, rand-m7-n4-mstd0.5-inc1': { ...shared, kind: 'finetune' },
  'fine-tuning, rand-m9-mstd0.5-w0': { ...shared, kind: 'finetune', randAugment: 'rand-m9-mstd0.5-w0' },
};
function processorMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

for (const [name, clip] of Object.entries(kinds)) {
  const loader = createVideoClipLoader({ entries, clip, seed: 1, batchSize: 1, prefetch: 0, epochs: EPOCHS + 1 });
  /** @type {number[]} */
  const times = [];
  for (let epoch = 0; epoch <= EPOCHS; epoch++) {
    let begin = processorMs();
    for await (const { epoch: made } of loader.batches(epoch)) {
      // The first epoch decodes.
      if (made > 0) times.push(processorMs() - begin);
      begin = processorMs();
    }
  }
  await loader.close();
  times.sort((a, b) => a - b);
  const at = (/** @type {number} */ part) => (times[Math.floor(part * (times.length - 1))] ?? NaN).toFixed(1);
  console.log(
    `${name}: median ${at(0.5)} ms, a tenth below ${at(0.1)}, a tenth above ${at(0.9)} (${times.length} clips)`,
  );
}
