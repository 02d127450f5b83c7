import { writePytorch } from '@umt/checkpoint';
import { createViewLoader } from '@umt/data';
import { arraySource, type NamedArray } from '@umt/nn';
import { loadEngine } from '@umt/runtime';
import { read, setEngine, tensor, type Engine } from '@umt/tensor';
import { Classifier, loadClassifier, loadStudent, Student } from '@umt/vit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VideoClassifier } from '../src/inference/video-classifier.ts';
import { VideoEncoder } from '../src/inference/video-encoder.ts';
import { largestDifference } from './forward-models.ts';
import { CLIPS } from './small.ts';
import {
  CLASSES,
  classifierFile,
  classifierTensors,
  studentFile,
  studentTensors,
  TINY_CLASSIFIER,
  TINY_STUDENT,
} from './tiny-models.ts';

const VIDEO = `${CLIPS}/cup-1.mp4`;

let engine: Engine;
beforeAll(async () => {
  ({ engine } = await loadEngine({ device: 'wasm', gemm: 'xnnpack' }));
  setEngine(engine);
});
afterAll(() => {
  setEngine(undefined);
  engine.dispose();
});

/** The views of the video as evaluation makes them, [V, T, H, W, 3]. */
async function views(clips: number, crops: number) {
  const clip = { kind: 'views', frames: 4, size: 48, clips, crops } as const;
  const loader = createViewLoader({ entries: [{ path: VIDEO }], clip, batchSize: clips * crops });
  for await (const { video, shape } of loader.batches()) return tensor(video, shape);
  throw new Error('no views');
}

async function numbers(value: Parameters<typeof read>[0]): Promise<number[]> {
  return Array.from(await read(value), Number);
}

const source = (tensors: ReadonlyMap<string, NamedArray | { data: unknown }>) =>
  arraySource(tensors as ReadonlyMap<string, NamedArray>);

describe('a classifier', () => {
  test('gives the mean over all views of the softmax of each, and the names in its file', async () => {
    const model = new Classifier(TINY_CLASSIFIER);
    await loadClassifier(model, source(await classifierTensors()));
    const logits = await numbers(model.forward(await views(2, 3)).logits);
    model.dispose();
    const expected = [0, 1, 2, 3, 4].map((index) => {
      const ofView = Array.from({ length: 6 }, (_, view) => {
        const row = logits.slice(view * 5, view * 5 + 5).map(Math.exp);
        return (row[index] ?? NaN) / row.reduce((sum, value) => sum + value, 0);
      });
      return ofView.reduce((sum, value) => sum + value, 0) / 6;
    });

    const classifier = await VideoClassifier.fromPretrained(await classifierFile());
    const seen: string[] = [];
    const onView = (done: number, total: number) => void seen.push(`${done}/${total}`);
    const predictions = await classifier.classify(VIDEO, { clips: 2, crops: 3, batchSize: 4, onView });
    classifier.dispose();
    expect(seen).toEqual(['4/6', '6/6']);
    expect(predictions.map(({ label, index }) => [label, CLASSES.indexOf(label) - index])).toEqual(
      predictions.map(({ label }) => [label, 0]),
    );
    const found = expected.map((_, index) => predictions.find((one) => one.index === index)?.probability ?? NaN);
    expect(largestDifference(found, expected)).toBeLessThan(1e-6);
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.05);
    expect(predictions.map(({ probability }) => probability)).toEqual([...found].sort((a, b) => b - a));
  });

  test('is opened from a .pth without a card: sizes that names and shapes do not tell are given', async () => {
    const file = writePytorch(await classifierTensors(), { dictionary: 'module' });
    const sizes = { heads: 3, frames: 4, imageSize: 48 };
    const [plain, own] = await Promise.all([
      VideoClassifier.fromPretrained(file, sizes),
      VideoClassifier.fromPretrained(await classifierFile()),
    ]);
    const [a, b] = [await plain.classify(VIDEO, { top: 2 }), await own.classify(VIDEO, { top: 2 })];
    expect(a.map(({ label }) => label)).toEqual(b.map(({ index }) => String(index)));
    expect(a.map(({ probability }) => probability)).toEqual(b.map(({ probability }) => probability));
    plain.dispose();
    own.dispose();
  });

  test('takes labels of the caller, as many as classes', async () => {
    const labels = ['a', 'b', 'c', 'd', 'e'];
    const classifier = await VideoClassifier.fromPretrained(await classifierFile(), { labels });
    const [best] = await classifier.classify(VIDEO, { top: 1 });
    expect(best?.label).toBe(labels[best?.index ?? -1]);
    classifier.dispose();
    const before = engine.memory().tensors;
    const tooFew = VideoClassifier.fromPretrained(await classifierFile(), { labels: ['a'] });
    await expect(tooFew).rejects.toThrow('labels: there are 1 of them for 5 classes');
    expect(engine.memory().tensors).toBe(before);
  });

  test('of videos with several classes gives each its own probability', async () => {
    const model = new Classifier(TINY_CLASSIFIER);
    await loadClassifier(model, source(await classifierTensors()));
    const logits = await numbers(model.forward(await views(1, 1)).logits);
    model.dispose();
    const classifier = await VideoClassifier.fromPretrained(await classifierFile({ task: 'multi-label' }));
    for (const { index, probability } of await classifier.classify(VIDEO)) {
      expect(probability).toBeCloseTo(1 / (1 + Math.exp(-(logits[index] ?? NaN))), 6);
    }
    classifier.dispose();
  });

  test('leaves nothing on the device, and goes on after a video that cannot be read', async () => {
    const file = await classifierFile();
    const before = engine.memory().tensors;
    const classifier = await VideoClassifier.fromPretrained(file);
    const loaded = engine.memory().tensors;
    await expect(classifier.classify('nowhere.mp4')).rejects.toMatchObject({ name: 'VideoError', kind: 'not-found' });
    await expect(classifier.classify(new Uint8Array(99))).rejects.toMatchObject({ name: 'VideoError' });
    await expect(classifier.classify(VIDEO, { clips: 0 })).rejects.toThrow('clips must be');
    await classifier.classify(VIDEO);
    expect(engine.memory().tensors).toBe(loaded);
    classifier.dispose();
    expect(engine.memory().tensors).toBe(before);
  });

  test('starts an engine of its own where it is told to, beside the one that is set', async () => {
    const file = await classifierFile();
    const before = engine.memory().tensors;
    const classifier = await VideoClassifier.fromPretrained(file, { device: 'cpu' });
    expect(engine.memory().tensors).toBe(before);
    const onCpu = await classifier.classify(VIDEO);
    classifier.dispose();
    const here = await VideoClassifier.fromPretrained(file, { engine });
    const onWasm = await here.classify(VIDEO);
    here.dispose();
    expect(onCpu.map(({ index }) => index)).toEqual(onWasm.map(({ index }) => index));
    expect(tensor([1], [1]).engine).toBe(engine);
  });

  test('is told from what is none', async () => {
    const student = VideoClassifier.fromPretrained(await studentFile());
    await expect(student).rejects.toThrow(/it is a UMT .* student.*, no classifier; fine-tune it first/);
    const other = writePytorch(new Map([['weight', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }]]));
    await expect(VideoClassifier.fromPretrained(other)).rejects.toThrow('no video classifier of this package');
    await expect(VideoClassifier.fromPretrained('nowhere.pth')).rejects.toThrow('nowhere.pth: there is no such file');
    const tensors = new Map(await classifierTensors());
    tensors.delete('blocks.1.mlp.fc2.bias');
    const holed = VideoClassifier.fromPretrained(writePytorch(tensors), { heads: 3, frames: 4, imageSize: 48 });
    await expect(holed).rejects.toThrow('1 missing (blocks.1.mlp.fc2.bias)');
    await expect(VideoClassifier.fromPretrained(writePytorch(await classifierTensors()))).rejects.toThrow(/heads/);
  });
});

describe('features', () => {
  test('of a classifier are what its head sees, averaged over views; its tokens are its last block’s', async () => {
    const model = new Classifier(TINY_CLASSIFIER);
    await loadClassifier(model, source(await classifierTensors()));
    const output = model.forward(await views(2, 1));
    const [perView, tokens] = [await numbers(output.features), await numbers(output.tokens)];
    model.dispose();

    const classifier = await VideoClassifier.fromPretrained(await classifierFile());
    const expected = Array.from({ length: 24 }, (_, i) => ((perView[i] ?? NaN) + (perView[24 + i] ?? NaN)) / 2);
    expect(largestDifference(await classifier.features(VIDEO, { clips: 2 }), expected)).toBeLessThan(1e-5);
    const found = await classifier.tokens(VIDEO, { clips: 2 });
    expect(found.shape).toEqual([2, 4 * 3 * 3, 24]);
    expect(largestDifference(found.data, tokens)).toBeLessThan(1e-5);
    classifier.dispose();
  });

  test.each([
    ['its own file', studentFile, {}],
    [
      'a .pth',
      async () => writePytorch(await studentTensors(), { dictionary: 'model' }),
      { heads: 3, frames: 4, imageSize: 48 },
    ],
  ] as const)('of a student from %s are its last block after the norm, and their mean', async (_, file, sizes) => {
    const student = new Student(TINY_STUDENT);
    await loadStudent(student, source(await studentTensors()));
    const all = tensor(
      Int32Array.from({ length: 36 }, (_, token) => token),
      [1, 36],
    );
    const last = student.forward(await views(1, 1), all).layers.get(1);
    const tokens = last ? await numbers(last) : [];
    student.dispose();

    const encoder = await VideoEncoder.fromPretrained(await file(), sizes);
    expect(encoder.clipSize).toEqual({ frames: 4, imageSize: 48 });
    const found = await encoder.tokens(VIDEO);
    expect(found.shape).toEqual([1, 36, 24]);
    expect(largestDifference(found.data, tokens)).toBeLessThan(1e-5);
    const mean = Array.from({ length: 24 }, (_, i) =>
      tokens.filter((_, index) => index % 24 === i).reduce((sum, value) => sum + value / 36, 0),
    );
    expect(largestDifference(await encoder.features(VIDEO), mean)).toBeLessThan(1e-5);
    encoder.dispose();
  });
});
