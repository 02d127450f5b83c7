import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLabeledVideos } from '@umt/data';
import { arraySource } from '@umt/nn';
import { loadEngine } from '@umt/runtime';
import { writeSpriteClips } from '@umt/sprites';
import { setEngine } from '@umt/tensor';
import { expect, test } from 'vitest';
import { runFinetuning } from '../src/finetune/run-finetuning.ts';
import { finetuneTiny } from '../src/recipes/finetune/tiny.ts';
import { measureShuffled } from './shuffled-frames.ts';

// A slice of motion.soak.ts: two pairs of classes, smaller pictures, fewer steps.
test('two directions and two turns are learned from sprites that the test does not show, and need the order of the frames', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'umt-motion-'));
  const { engine } = await loadEngine({ device: 'wasm' });
  setEngine(engine);
  try {
    const format = {
      classes: ['move-left', 'move-right', 'rotate-clockwise', 'rotate-anticlockwise'],
      seed: 1,
      kinds: ['shape'],
      size: 32,
      workers: 0,
    } as const;
    await writeSpriteClips(join(folder, 'train'), { ...format, clips: 600, split: 'train' });
    await writeSpriteClips(join(folder, 'test'), { ...format, clips: 100, split: 'test' });
    const training = await readLabeledVideos(join(folder, 'train'));
    const validation = await readLabeledVideos(join(folder, 'test'));
    const config = finetuneTiny({
      video: { size: 32 },
      model: { width: 96, heads: 3 },
      optimizer: { learningRate: 1.6e-2 },
      schedule: { epochs: 16 },
      evaluation: { everyEpochs: null },
      report: { clips: 0 },
    });
    const outcome = await runFinetuning({ config, training, validation, start: null, store: null });
    const { card, weights } = outcome.classifier;
    const shuffled = await measureShuffled(card, arraySource(weights), validation.entries);
    expect(outcome.validation?.top1).toBeGreaterThan(0.8);
    // within a pair of opposites one half is chance, whatever else is seen
    expect(shuffled.top1).toBeLessThan(0.6);
  } finally {
    setEngine(undefined);
    engine.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}, 300_000);
