import { createStorageEngine, haveSameBits, pooledSource } from '@umt/conformance';
import { loadParameters, stateDict, type Module, type ParameterSource } from '@umt/nn';
import { read, setEngine, sizeOf } from '@umt/tensor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  Classifier,
  classifierConfig,
  loadClassifier,
  loadStudent,
  Student,
  studentConfig,
  VideoMae,
  videoMaeConfig,
  type ClassifierConfig,
} from '../src/index.ts';

type Shapes = readonly (readonly [string, readonly number[]])[];

// The key lists of the reference, written out from its documentation and not from the modules under test.
const linear = (name: string, outputs: number, inputs: number): Shapes => [
  [`${name}.weight`, [outputs, inputs]],
  [`${name}.bias`, [outputs]],
];
const norm = (name: string, width: number): Shapes => [
  [`${name}.weight`, [width]],
  [`${name}.bias`, [width]],
];
const block = (name: string, width: number): Shapes => [
  ...norm(`${name}.norm1`, width),
  [`${name}.attn.q_bias`, [width]],
  [`${name}.attn.v_bias`, [width]],
  [`${name}.attn.qkv.weight`, [3 * width, width]],
  ...linear(`${name}.attn.proj`, width, width),
  ...norm(`${name}.norm2`, width),
  ...linear(`${name}.mlp.fc1`, 4 * width, width),
  ...linear(`${name}.mlp.fc2`, width, 4 * width),
];
const blocks = (name: string, depth: number, width: number): Shapes =>
  Array.from({ length: depth }, (_, index) => block(`${name}.${index}`, width)).flat();
const trunk = (prefix: string, depth: number, width: number, tubelet = 1): Shapes => [
  [`${prefix}patch_embed.proj.weight`, [width, 3, tubelet, 16, 16]],
  [`${prefix}patch_embed.proj.bias`, [width]],
  ...blocks(`${prefix}blocks`, depth, width),
];
const studentKeys = (depth: number, width: number, teacherWidth: number): Shapes => [
  ...trunk('encoder.', depth, width),
  ...norm('encoder.norm', width),
  ...[0, 1, 2, 3, 4, 5].flatMap((slot) => [
    ...linear(`clip_decoder.${slot}.head`, teacherWidth, width),
    ...norm(`clip_decoder.${slot}.norm`, teacherWidth),
  ]),
];
const classifierKeys = (depth: number, width: number, classes: number, positions = 0): Shapes => [
  ...(positions > 0 ? ([['pos_embed', [1, positions, width]]] as const) : []),
  ...trunk('', depth, width),
  ...norm('fc_norm', width),
  ...linear('head', classes, width),
];
const videoMaeKeys: Shapes = [
  ['mask_token', [1, 1, 384]],
  ...trunk('encoder.', 12, 768, 2),
  ...norm('encoder.norm', 768),
  ...blocks('decoder.blocks', 4, 384),
  ...norm('decoder.norm', 384),
  ...linear('decoder.head', 1536, 384),
  ['encoder_to_decoder.weight', [384, 768]],
];

beforeEach(() => setEngine(createStorageEngine()));
afterEach(() => setEngine(undefined));

/** Expects a model to hold exactly a source's arrays, names and bits, in the source's order. */
async function expectSame(model: Module, source: ParameterSource): Promise<void> {
  const state = await stateDict(model);
  expect([...state].map(([name, { shape }]) => [name, shape])).toEqual([...source.shapes]);
  for (const [name, { data }] of state) {
    expect(haveSameBits(data, await source.read(name)), name).toBe(true);
  }
}

const elementsOf = (keys: Shapes) => keys.reduce((total, [, shape]) => total + sizeOf(shape), 0);

describe('a checkpoint of full size loads strictly and comes back bit for bit', () => {
  it.each([
    ['B/16', 184, 88_005_888, studentKeys(12, 768, 512)],
    ['L/16', 340, 307_806_720, studentKeys(24, 1024, 768)],
  ] as const)('student %s: %i tensors, %i elements', async (size, tensors, elements, keys) => {
    expect([keys.length, elementsOf(keys)]).toEqual([tensors, elements]);
    const source = pooledSource(new Map(keys));
    const student = new Student(studentConfig(size));
    await loadStudent(student, source);
    await expectSame(student, source);
  });

  it.each<readonly [string, 'B/16' | 'L/16', Partial<ClassifierConfig>, number, number, Shapes]>([
    ['B/16 of 710 classes', 'B/16', { classes: 710 }, 162, 86_183_366, classifierKeys(12, 768, 710)],
    ['L/16', 'L/16', {}, 318, 303_484_304, classifierKeys(24, 1024, 400)],
    ['L/16 of 16 frames', 'L/16', { frames: 16 }, 319, 306_695_568, classifierKeys(24, 1024, 400, 3136)],
    ['L/16 at 384', 'L/16', { imageSize: 384 }, 319, 308_202_896, classifierKeys(24, 1024, 400, 4608)],
  ])('classifier %s', async (_, size, changes, tensors, elements, keys) => {
    expect([keys.length, elementsOf(keys)]).toEqual([tensors, elements]);
    const source = pooledSource(new Map(keys));
    const classifier = new Classifier(classifierConfig(size, changes));
    const { loaded, ...rest } = await loadClassifier(classifier, source);
    expect(loaded).toHaveLength(tensors);
    expect(Object.values(rest).flat()).toEqual([]);
    await expectSame(classifier, source);
  });

  it('VideoMAE B/16: 218 tensors, 94 210 944 elements', async () => {
    expect([videoMaeKeys.length, elementsOf(videoMaeKeys)]).toEqual([218, 94_210_944]);
    const source = pooledSource(new Map(videoMaeKeys));
    const model = new VideoMae(videoMaeConfig('B/16'));
    await loadParameters(model, source);
    await expectSame(model, source);
  });
});

describe('a classifier of full size takes a pre-trained encoder over', () => {
  it('bit for bit, with only head and pooling norm left', async () => {
    const student = pooledSource(new Map(studentKeys(12, 768, 512)));
    const classifier = new Classifier(classifierConfig('B/16'));
    const { loaded, missing, ignored } = await loadClassifier(classifier, student);
    expect(missing).toEqual(['fc_norm.weight', 'fc_norm.bias', 'head.weight', 'head.bias']);
    expect([loaded.length, ignored.length]).toEqual([158, 26]);
    const parameters = classifier.parameters();
    for (const name of loaded) {
      const value = parameters.get(name)?.value;
      const data = value ? await read(value) : new Float32Array();
      expect(haveSameBits(data, await student.read(`encoder.${name}`)), name).toBe(true);
    }
  });
});
