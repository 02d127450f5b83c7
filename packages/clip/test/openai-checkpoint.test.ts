import {
  createReferenceEngine,
  createShapeEngine,
  createStorageEngine,
  haveSameBits,
  pooledSource,
  readFloat64,
} from '@umt/conformance';
import { arraySource, ParameterMismatchError, stateDict, type NamedArray, type ParameterSource } from '@umt/nn';
import { random } from '@umt/random';
import { setEngine, sizeOf, tensor } from '@umt/tensor';
import { resizePositionTable } from '@umt/tokenizer';
import { describe, expect, it } from 'vitest';
import {
  ClipCheckpointError,
  createRandomTeacher,
  describeClipCheckpoint,
  loadOpenAiTeacher,
  openAiConfig,
  Teacher,
  teacherConfig,
  type TeacherConfig,
} from '../src/index.ts';

const IMAGE = teacherConfig('B/16', {
  width: 12,
  layers: 2,
  heads: 3,
  patch: 4,
  resolution: 16,
  outputWidth: 5,
  alignedLayers: 2,
});

/** A checkpoint as OpenAI has it: image kernels, everything of the tower under `visual.`, other things beside. */
async function wholeModel(): Promise<Map<string, NamedArray>> {
  setEngine(createReferenceEngine());
  const arrays = new Map<string, NamedArray>();
  for (const [name, { shape, data }] of await stateDict(createRandomTeacher(IMAGE, { seed: 1 }))) {
    arrays.set(`visual.${name}`, { shape: name === 'conv1.weight' ? [12, 3, 4, 4] : shape, data });
  }
  arrays.set('logit_scale', { shape: [], data: new Float32Array(1) });
  arrays.set('transformer.resblocks.0.ln_1.weight', { shape: [7], data: new Float32Array(7) });
  return arrays;
}

async function loaded(config: TeacherConfig, checkpoint: ParameterSource): Promise<Teacher> {
  const teacher = new Teacher(config);
  await loadOpenAiTeacher(teacher, checkpoint);
  return teacher;
}

const frames = (count: number) => random({ seed: 2, stream: 'test' }).fillNormal(new Float32Array(count * 16 * 16 * 3));

describe("OpenAI's checkpoint", () => {
  it('loads from the whole model, from the visual tower alone, and from data-parallel wrappers, to the same teacher', async () => {
    const whole = await wholeModel();
    const tower = new Map(
      [...whole].flatMap(([name, array]) => (name.startsWith('visual.') ? [[name.slice(7), array] as const] : [])),
    );
    const video = tensor(frames(2), [1, 2, 16, 16, 3]);
    const expected = readFloat64(createRandomTeacher(IMAGE, { seed: 1 }).forward(video).features);
    const wrapped = [whole, tower].map(
      (arrays) => new Map([...arrays].map(([name, array]) => [`module.${name}`, array])),
    );
    for (const arrays of [whole, tower, ...wrapped]) {
      expect(readFloat64((await loaded(IMAGE, arraySource(arrays))).forward(video).features)).toEqual(expected);
    }
  });

  it("loads from Hugging Face's files, where queries, keys and values are apart and the projection is transposed", async () => {
    const whole = await wholeModel();
    const arrays = new Map<string, NamedArray>([
      ['text_model.final_layer_norm.weight', { shape: [3], data: new Float32Array(3) }],
      ['vision_model.embeddings.position_ids', { shape: [1, 17], data: new Float32Array(17) }],
    ]);
    for (const [name, array] of whole) {
      for (const [renamed, converted] of huggingFace(name, array)) arrays.set(renamed, converted);
    }
    expect(arrays.size).toBe(2 + 8 + 2 * 16);
    const video = tensor(frames(2), [1, 2, 16, 16, 3]);
    const expected = readFloat64(createRandomTeacher(IMAGE, { seed: 1 }).forward(video).features);
    const config = openAiConfig(arraySource(arrays), { heads: 3 });
    expect(config).toEqual(IMAGE);
    expect(readFloat64((await loaded(config, arraySource(arrays))).forward(video).features)).toEqual(expected);
  });

  it('inflates to tubelets so that the middle frame alone is seen', async () => {
    const checkpoint = arraySource(await wholeModel());
    const pixels = frames(4);
    const image = await loaded(IMAGE, checkpoint);
    const inflated = await loaded({ ...IMAGE, tubelet: 2 }, checkpoint);
    const middle = new Float32Array(2 * 768);
    middle.set(pixels.subarray(768, 2 * 768));
    middle.set(pixels.subarray(3 * 768), 768);
    const expected = image.forward(tensor(middle, [1, 2, 16, 16, 3]));
    const actual = inflated.forward(tensor(pixels, [1, 4, 16, 16, 3]));
    expect(actual.features.shape).toEqual(expected.features.shape);
    const values = readFloat64(actual.features);
    for (const [index, value] of readFloat64(expected.features).entries()) expect(values[index]).toBeCloseTo(value, 12);
  });

  it('resizes the position table to another resolution and leaves the class token alone', async () => {
    const arrays = await wholeModel();
    const teacher = await loaded({ ...IMAGE, resolution: 12 }, arraySource(arrays));
    const table = (await stateDict(teacher)).get('positional_embedding');
    const original = arrays.get('visual.positional_embedding')?.data ?? new Float32Array();
    expect(table?.shape).toEqual([10, 12]);
    expect(table?.data.subarray(0, 12)).toEqual(original.subarray(0, 12));
    const resized = resizePositionTable(
      original.subarray(12),
      12,
      { frames: 1, rows: 4, columns: 4 },
      { frames: 1, rows: 3, columns: 3 },
    );
    expect(table?.data.subarray(12)).toEqual(resized);
  });

  it('must be complete and of the right size', async () => {
    const incomplete = await wholeModel();
    incomplete.delete('visual.ln_post.bias');
    await expect(loaded(IMAGE, arraySource(incomplete))).rejects.toThrow(ParameterMismatchError);
    await expect(loaded(IMAGE, arraySource(incomplete))).rejects.toThrow(/1 missing \(ln_post\.bias\)/);
    const wide = teacherConfig('B/16', { ...IMAGE, width: 24 });
    await expect(loaded(wide, arraySource(await wholeModel()))).rejects.toThrow(/of another shape/);
  });

  it('that is something else is refused by what it lacks', async () => {
    setEngine(createReferenceEngine());
    const other = arraySource(new Map([['head.weight', { shape: [1], data: new Float32Array(1) }]]));
    await expect(loaded(IMAGE, other)).rejects.toThrow(ClipCheckpointError);
    expect(() => openAiConfig(other)).toThrow(/no 'conv1\.weight': it is not OpenAI's CLIP/);
  });
});

describe('the published towers', () => {
  it.each([
    ['B/16', 152, 86_192_640],
    ['L/14', 296, 303_966_208],
    ['L/14-336', 296, 304_293_888],
  ] as const)('%s has %i tensors, and its checkpoint tells its configuration', (size, tensors, elements) => {
    setEngine(createShapeEngine());
    const shapes = new Map(
      [...new Teacher(teacherConfig(size)).parameters()].map(([name, { shape }]) => [name, shape]),
    );
    expect(shapes.size).toBe(tensors);
    expect([...shapes.values()].reduce((total, shape) => total + sizeOf(shape), 0)).toBe(elements);
    const kernel = shapes.get('conv1.weight') ?? [];
    shapes.set('conv1.weight', [...kernel.slice(0, 2), ...kernel.slice(3)]);
    const source = { shapes, read: () => new Float32Array() };
    expect(openAiConfig(source)).toEqual(teacherConfig(size));
    const pixels = size === 'L/14-336' ? 336 : 224;
    expect(describeClipCheckpoint(source)).toEqual({
      model: 'clip-vision',
      summary: `CLIP ViT-${size.slice(0, 4)} visual tower, ${pixels} px`,
    });
  });

  it.each([
    ['B/16', 768],
    ['L/14', 1024],
    ['L/14-336', 1024],
  ] as const)('%s loads strictly and comes back bit for bit', async (size, width) => {
    setEngine(createStorageEngine());
    const teacher = new Teacher(teacherConfig(size));
    const shapes = new Map([...teacher.parameters()].map(([name, { shape }]) => [`visual.${name}`, shape]));
    const { patch } = teacher.config;
    shapes.set('visual.conv1.weight', [width, 3, patch, patch]);
    const file = pooledSource(shapes);
    await loadOpenAiTeacher(teacher, file);
    for (const [name, { data }] of await stateDict(teacher)) {
      expect(haveSameBits(data, await file.read(`visual.${name}`)), name).toBe(true);
    }
  });

  it('of other sizes are described by width and layers; other models are not described', async () => {
    expect(describeClipCheckpoint(arraySource(await wholeModel()))?.summary).toBe(
      'CLIP of width 12 and 2 layers, patch 4, visual tower, 16 px',
    );
    expect(describeClipCheckpoint(arraySource(new Map()))).toBeNull();
  });
});

describe('a configuration', () => {
  it('is refused by the field that is wrong', () => {
    expect(() => teacherConfig('B/16', { heads: 5 })).toThrow(/heads must divide width, got 5 and 768/);
    expect(() => teacherConfig('B/16', { resolution: 200 })).toThrow(/does not split/);
    expect(() => teacherConfig('B/32' as 'B/16')).toThrow(/size 'B\/32' is none of B\/16, L\/14, L\/14-336/);
  });
});

/** One of OpenAI's tensors as Hugging Face's conversion stores it. */
function huggingFace(name: string, { shape, data }: NamedArray): readonly (readonly [string, NamedArray])[] {
  const renamed = name
    .replace(/^visual\./, 'vision_model.')
    .replace('transformer.resblocks', 'encoder.layers')
    .replace(/model\.(class_embedding)/, 'model.embeddings.$1')
    .replace('positional_embedding', 'embeddings.position_embedding.weight')
    .replace('conv1', 'embeddings.patch_embedding')
    .replace('ln_pre', 'pre_layrnorm')
    .replace('ln_post', 'post_layernorm')
    .replace(/ln_([12])/, 'layer_norm$1')
    .replace('attn.', 'self_attn.')
    .replace('c_fc', 'fc1')
    .replace('c_proj', 'fc2');
  if (!name.startsWith('visual.')) return [];
  if (name === 'visual.proj') {
    const columns = Array.from({ length: 5 }, (_, column) => data.filter((_, index) => index % 5 === column));
    return [
      ['visual_projection.weight', { shape: [5, 12], data: Float32Array.from(columns.flatMap((one) => [...one])) }],
    ];
  }
  if (!name.includes('in_proj')) return [[renamed, { shape, data }]];
  return ['q', 'k', 'v'].map((letter, part) => [
    renamed.replace('in_proj_', `${letter}_proj.`),
    { shape: [12, ...shape.slice(1)], data: data.subarray((part * data.length) / 3, ((part + 1) * data.length) / 3) },
  ]);
}
