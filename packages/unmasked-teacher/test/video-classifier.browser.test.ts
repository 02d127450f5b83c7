import { loadEngine } from '@umt/runtime';
import { setEngine, type Engine } from '@umt/tensor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VideoClassifier } from '../src/inference/video-classifier.ts';
import { classifierFile, CLASSES } from './tiny-models.ts';

const VIDEO = new URL('../../../assets/clips/cup-1.mp4', import.meta.url);

let engine: Engine;
beforeAll(async () => {
  ({ engine } = await loadEngine({ device: 'cpu' }));
  setEngine(engine);
});
afterAll(() => {
  setEngine(undefined);
  engine.dispose();
});

describe('a classifier in a browser', () => {
  test('is opened from a picked file, and classifies a picked video and an address alike', async () => {
    const bytes = await classifierFile();
    const file = new File([new Uint8Array(bytes)], 'classifier.safetensors');
    const classifier = await VideoClassifier.fromPretrained(file);
    const video = await (await fetch(VIDEO)).blob();
    const picked = await classifier.classify(new File([video], 'cup.mp4'), { crops: 2 });
    expect(picked.map(({ label }) => label).sort()).toEqual([...CLASSES].sort());
    expect(picked.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
    expect(await classifier.classify(VIDEO, { crops: 2 })).toEqual(picked);
    expect(await classifier.features(video)).toHaveLength(24);
    classifier.dispose();
  });

  test('cannot be opened from a path, and says so', async () => {
    const missing = VideoClassifier.fromPretrained('/nowhere.pth');
    await expect(missing).rejects.toMatchObject({ name: 'CheckpointError' });
  });
});
