import { createReferenceEngine, readFloat64 } from '@umt/conformance';
import {
  arraySource,
  initialize,
  normal,
  ParameterMismatchError,
  stateDict,
  type Module,
  type NamedArray,
} from '@umt/nn';
import { ones, setEngine } from '@umt/tensor';
import { resizePositionTable } from '@umt/tokenizer';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  Classifier,
  classifierConfig,
  classifierConfigOf,
  createClassifier,
  createStudent,
  createVideoMae,
  loadClassifier,
  loadStudent,
  ReferenceCheckpointError,
  Student,
  studentConfig,
  videoMaeConfig,
  type ClassifierConfig,
} from '../src/index.ts';

const TINY = { width: 6, depth: 2, heads: 2, patch: 2, imageSize: 28, frames: 8 } as const;
const STUDENT = studentConfig('B/16', { ...TINY, alignedLayers: 2, targetWidth: 5 });
const SMALL = classifierConfig('B/16', { ...TINY, classes: 4 });

beforeEach(() => setEngine(createReferenceEngine()));

const randomClassifier = (changes: Partial<ClassifierConfig> = {}) => {
  const classifier = new Classifier({ ...SMALL, ...changes });
  initialize(classifier, 5, () => normal(0.5));
  return classifier;
};

const arraysOf = async (module: Module, rename = (name: string) => name) =>
  new Map([...(await stateDict(module))].map(([name, array]) => [rename(name), array] as const));

const dataOf = (arrays: ReadonlyMap<string, NamedArray>, name: string) => arrays.get(name)?.data ?? new Float32Array();

describe('a pre-training checkpoint', () => {
  it('loads into a student strictly, with and without the prefix of data-parallel wrappers', async () => {
    const saved = await arraysOf(createStudent(STUDENT, { seed: 1 }));
    for (const prefix of ['', 'module.']) {
      const student = new Student(STUDENT);
      const renamed = new Map([...saved].map(([name, array]) => [prefix + name, array]));
      await loadStudent(student, arraySource(renamed));
      expect(await arraysOf(student)).toEqual(saved);
    }
    saved.delete('encoder.norm.bias');
    await expect(loadStudent(new Student(STUDENT), arraySource(saved))).rejects.toThrow(
      /1 missing \(encoder\.norm\.bias\)/,
    );
  });

  it('gives a classifier its encoder without the norm, and leaves head and pooling norm new', async () => {
    const saved = await arraysOf(createStudent(STUDENT, { seed: 1 }));
    const classifier = createClassifier(SMALL, { seed: 2 });
    const before = await arraysOf(classifier);
    const report = await loadClassifier(classifier, arraySource(saved));
    const after = await arraysOf(classifier);
    for (const [name, { data }] of after) {
      const isNew = /^(head|fc_norm)\./.test(name);
      expect(data, name).toEqual(isNew ? dataOf(before, name) : dataOf(saved, `encoder.${name}`));
    }
    expect(report).toEqual({
      loaded: [...after.keys()].filter((name) => !/^(head|fc_norm)\./.test(name)),
      missing: ['fc_norm.weight', 'fc_norm.bias', 'head.weight', 'head.bias'],
      unexpected: [],
      misshapen: [],
      resized: [],
      sliced: [],
      ignored: [...saved.keys()].filter((name) => /^(clip_decoder|encoder\.norm)\./.test(name)),
    });
  });

  it('gives a first-token classifier its norm too, as in the reference', async () => {
    const saved = await arraysOf(createStudent(STUDENT, { seed: 1 }));
    saved.set('encoder.norm.weight', { shape: [6], data: Float32Array.of(1, 2, 3, 4, 5, 6) });
    const classifier = createClassifier({ ...SMALL, pooling: 'first-token' }, { seed: 2 });
    const report = await loadClassifier(classifier, arraySource(saved));
    expect(report.missing).toEqual(['head.weight', 'head.bias']);
    expect([...dataOf(await arraysOf(classifier), 'norm.weight')]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('of VideoMAE leaves decoder and mask token over', async () => {
    const config = videoMaeConfig('B/16', { ...TINY, decoderWidth: 4, decoderHeads: 2, decoderDepth: 1, tubelet: 1 });
    const saved = await arraysOf(createVideoMae(config, { seed: 1 }));
    const { ignored, missing, unexpected } = await loadClassifier(
      createClassifier(SMALL, { seed: 2 }),
      arraySource(saved),
    );
    expect(ignored).toEqual([...saved.keys()].filter((name) => !/^encoder\.(patch|blocks)/.test(name)));
    expect(missing).toEqual(['fc_norm.weight', 'fc_norm.bias', 'head.weight', 'head.bias']);
    expect(unexpected).toEqual([]);
  });

  it('must have the blocks and the tubelets of the classifier; nothing changes otherwise', async () => {
    const saved = arraySource(await arraysOf(createStudent(STUDENT, { seed: 1 })));
    const refusals: readonly (readonly [Partial<ClassifierConfig>, RegExp])[] = [
      [{ depth: 3 }, /13 missing \(blocks\.2\.norm1\.weight/],
      [{ depth: 1 }, /13 unexpected \(blocks\.1\.norm1\.weight/],
      [{ tubelet: 2 }, /patch_embed\.proj\.weight is \[6, 3, 1, 2, 2\] where the model has \[6, 3, 2, 2, 2\]/],
      [{ qkvBias: false }, /4 unexpected \(blocks\.0\.attn\.q_bias/],
      [{ initValues: 0.1 }, /4 missing \(blocks\.0\.gamma_1/],
    ];
    for (const [changes, message] of refusals) {
      const classifier = createClassifier({ ...SMALL, ...changes }, { seed: 2 });
      const before = await arraysOf(classifier);
      await expect(loadClassifier(classifier, saved)).rejects.toThrow(ParameterMismatchError);
      await expect(loadClassifier(classifier, saved)).rejects.toThrow(message);
      expect(await arraysOf(classifier)).toEqual(before);
    }
  });
});

describe("a classifier's checkpoint", () => {
  it('loads whole and comes back whole, whichever prefix its names have', async () => {
    const saved = await arraysOf(randomClassifier());
    for (const prefix of ['', 'backbone.', 'module.', 'module.backbone.']) {
      const classifier = createClassifier(SMALL, { seed: 2 });
      const renamed = new Map([...saved].map(([name, array]) => [prefix + name, array]));
      const { loaded, ...rest } = await loadClassifier(classifier, arraySource(renamed));
      expect(await arraysOf(classifier)).toEqual(saved);
      expect(loaded).toEqual([...saved.keys()]);
      expect(Object.values(rest).flat()).toEqual([]);
    }
  });

  it('gives its head up where it is asked to stay away', async () => {
    const saved = await arraysOf(randomClassifier());
    const classifier = createClassifier(SMALL, { seed: 2 });
    const before = await arraysOf(classifier);
    const { missing, ignored } = await loadClassifier(classifier, arraySource(saved), { head: 'new' });
    expect([missing, ignored]).toEqual([
      ['head.weight', 'head.bias'],
      ['head.weight', 'head.bias'],
    ]);
    expect((await arraysOf(classifier)).get('head.weight')).toEqual(before.get('head.weight'));
  });

  it('of 710 classes gives the first 400 rows to a classifier of 400', async () => {
    const saved = await arraysOf(randomClassifier({ classes: 710 }));
    const classifier = createClassifier({ ...SMALL, classes: 400 }, { seed: 2 });
    const report = await loadClassifier(classifier, arraySource(saved));
    expect(report.sliced).toEqual(['head.weight', 'head.bias']);
    expect([report.missing, report.misshapen]).toEqual([[], []]);
    const state = await arraysOf(classifier);
    expect(dataOf(state, 'head.weight')).toEqual(dataOf(saved, 'head.weight').subarray(0, 400 * 6));
    expect(dataOf(state, 'head.bias')).toEqual(dataOf(saved, 'head.bias').subarray(0, 400));
  });

  it('gives the rows of its head that are named, and refuses rows that it does not have', async () => {
    const saved = await arraysOf(randomClassifier({ classes: 7 }));
    const source = arraySource(saved);
    const classifier = createClassifier(SMALL, { seed: 2 });
    const { sliced } = await loadClassifier(classifier, source, { head: [6, 0, 3, 3] });
    expect(sliced).toEqual(['head.weight', 'head.bias']);
    const state = await arraysOf(classifier);
    const row = (index: number) => [...dataOf(saved, 'head.weight').subarray(index * 6, index * 6 + 6)];
    expect([...dataOf(state, 'head.weight')]).toEqual([6, 0, 3, 3].flatMap(row));
    expect([...dataOf(state, 'head.bias')]).toEqual([6, 0, 3, 3].map((index) => dataOf(saved, 'head.bias')[index]));
    const refused = (head: readonly number[]) => expect(loadClassifier(classifier, source, { head })).rejects;
    await refused([0, 1]).toThrow(/head: 2 rows are named for a classifier of 4 classes/);
    await refused([0, 1, 2, 7]).toThrow(/head: row 7 is named, the checkpoint's head has rows 0 to 6/);
    await refused([0, 1, 2, 0.5]).toThrow(ReferenceCheckpointError);
    const headless = arraySource(await arraysOf(createStudent(STUDENT, { seed: 1 })));
    await expect(loadClassifier(classifier, headless, { head: [0, 1, 2, 3] })).rejects.toThrow(/no 'head\.weight'/);
  });

  it('with a head of any other size says so and leaves the head as it was', async () => {
    const saved = await arraysOf(randomClassifier({ classes: 7 }));
    const classifier = createClassifier(SMALL, { seed: 2 });
    const before = await arraysOf(classifier);
    const { misshapen, loaded } = await loadClassifier(classifier, arraySource(saved));
    expect(misshapen).toEqual([
      { name: 'head.weight', expected: [4, 6], found: [7, 6] },
      { name: 'head.bias', expected: [4], found: [7] },
    ]);
    expect(loaded).not.toContain('head.weight');
    expect((await arraysOf(classifier)).get('head.weight')).toEqual(before.get('head.weight'));
  });

  it.each<readonly [string, Partial<ClassifierConfig>, Partial<ClassifierConfig>]>([
    ['16 frames at 14 x 14 to 8 frames at 24 x 24', { frames: 16 }, { imageSize: 48 }],
    ['8 frames at 24 x 24 to 16 frames at 14 x 14', { imageSize: 48 }, { frames: 16 }],
    ['16 frames at 24 x 24 to 4 frames at 24 x 24', { imageSize: 48, frames: 16 }, { imageSize: 48, frames: 4 }],
    ['2 frames at 4 x 4 to 4 frames at 4 x 4', { imageSize: 8, frames: 2 }, { imageSize: 8, frames: 4 }],
    ['3 frames at 4 x 4 to 3 frames at 6 x 6', { imageSize: 8, frames: 3 }, { imageSize: 12, frames: 3 }],
  ])('has its positions resized from %s', async (_, from, to) => {
    const saved = await arraysOf(randomClassifier(from));
    const classifier = createClassifier({ ...SMALL, ...to }, { seed: 2 });
    const { resized, loaded } = await loadClassifier(classifier, arraySource(saved));
    expect(resized).toEqual(['pos_embed']);
    expect(loaded).toContain('pos_embed');
    const grid = ({ frames = 8, imageSize = 28 }) => ({ frames, rows: imageSize / 2, columns: imageSize / 2 });
    const expected = resizePositionTable(dataOf(saved, 'pos_embed'), 6, grid(from), grid(to));
    expect(dataOf(await arraysOf(classifier), 'pos_embed')).toEqual(expected);
  });

  it('of the same clips gives its positions as they are', async () => {
    const saved = await arraysOf(randomClassifier({ frames: 16 }));
    const classifier = createClassifier({ ...SMALL, frames: 16 }, { seed: 2 });
    const { resized } = await loadClassifier(classifier, arraySource(saved));
    expect(resized).toEqual([]);
    expect((await arraysOf(classifier)).get('pos_embed')).toEqual(saved.get('pos_embed'));
  });

  it('with positions that make no grid, or of a model without them, has them reported', async () => {
    const saved = await arraysOf(randomClassifier({ frames: 16 }));
    const without = await loadClassifier(createClassifier(SMALL, { seed: 2 }), arraySource(saved));
    expect(without.unexpected).toEqual(['pos_embed']);
    saved.set('pos_embed', { shape: [1, 7, 6], data: new Float32Array(42) });
    const odd = await loadClassifier(createClassifier({ ...SMALL, frames: 16 }, { seed: 2 }), arraySource(saved));
    expect(odd.misshapen).toEqual([{ name: 'pos_embed', expected: [1, 3136, 6], found: [1, 7, 6] }]);
  });

  it('makes a classifier that says what the saved one said, from names, shapes, heads and frames', async () => {
    const original = randomClassifier({
      ...{ frames: 2, imageSize: 8, initValues: 0.3 },
      ...{ pooling: 'first-token', qkvBias: false },
    });
    const source = arraySource(await arraysOf(original));
    const classifier = new Classifier(classifierConfigOf(source, { heads: 2, frames: 2 }));
    await loadClassifier(classifier, source);
    const video = ones([1, 2, 8, 8, 3]);
    expect(readFloat64(classifier.forward(video).logits)).toEqual(readFloat64(original.forward(video).logits));
  });
});
