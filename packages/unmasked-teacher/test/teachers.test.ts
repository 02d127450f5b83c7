import { createReferenceEngine, readFloat64 } from '@umt/conformance';
import {
  concat,
  full,
  mean,
  multiply,
  ones,
  readScalar,
  reshape,
  scope,
  setEngine,
  singleProcess,
  slice,
  tensor,
  type Tensor,
} from '@umt/tensor';
import { patchVectors } from '@umt/tokenizer';
import type { StepContext } from '@umt/trainer';
import { createStudent, type AlignmentTarget } from '@umt/vit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parsePretrainConfig } from '../src/config/pretrain-config.ts';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { frozenTeacher, TeacherGridError, type TokenFeatures } from '../src/stage1/frozen-teacher.ts';
import { frozenImageTeacher } from '../src/stage1/image-teacher.ts';
import { maskedTarget } from '../src/stage1/masks.ts';
import { buildStudent, buildTeacher, studentConfigOf } from '../src/stage1/models.ts';
import { createPretrainTask, type AlignedTeacher, type PretrainTaskOptions } from '../src/stage1/pretrain-task.ts';

beforeAll(() => setEngine(createReferenceEngine()));
afterAll(() => setEngine(undefined));

const CONTEXT: StepContext = {
  seed: 3,
  step: 5,
  epoch: 0,
  microStep: 0,
  accumulationSteps: 1,
  collective: singleProcess,
};

/** Clips of 4 frames of 16 x 16, tokens of 2 frames of 8 x 8: 2 x 2 x 2 of them. */
const config = pretrainTiny({
  video: { frames: 4, size: 16 },
  student: { width: 12, depth: 2, heads: 2, patchSize: 8, tubelet: 2, dropPath: 0.2 },
  teacher: { width: 12, depth: 2, heads: 2, patchSize: 8, inputSize: 16, outputWidth: 6 },
  alignment: { layers: 2 },
  mask: { ratio: 0.5 },
});
const GRID = { frames: 2, rows: 2, columns: 2 };
const SHAPE = [2, 4, 16, 16, 3];
const pixels = Float32Array.from(
  { length: 2 * 4 * 16 * 16 * 3 },
  (_, i) => Math.sin(i * 0.7) + 0.3 * Math.cos(i * 0.011),
);

/** A video encoder: the mean and the first numbers of each tubelet, and the mean as attention. */
function encodeVideo(video: Tensor): Required<TokenFeatures> {
  const [clips = 0] = video.shape;
  const patches = patchVectors(video, { frames: 2, patch: 8 }); // [B, 8, 384]
  const average = mean(patches, { axes: -1, keepAxes: true });
  const features = concat([average, slice(patches, [0, 0, 0], [-1, -1, 4])], 2);
  return {
    features: reshape(features, [1, clips, 8, 5]),
    attention: reshape(multiply(average, average), [clips * 2, 4]),
  };
}

const SECOND: AlignmentTarget = { alignedLayers: 1, layerInterval: 1, targetWidth: 5, normalize: 'l2', head: 'mlp' };

async function lossOf(options: PretrainTaskOptions): Promise<{ loss: number; metrics: Record<string, number> }> {
  const { loss, metrics = {} } = createPretrainTask(options).loss({ video: pixels, shape: SHAPE }, CONTEXT);
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(metrics)) numbers[name] = await readScalar(value);
  return { loss: await readScalar(loss), metrics: numbers };
}

describe('several teachers', () => {
  test('add their weighted losses, each its own, at the tokens that the guide chose', async () => {
    const clip = await buildTeacher(config, null);
    const motion = frozenTeacher(encodeVideo, { normalize: 'l2' });
    const student = createStudent({ ...studentConfigOf(config), extraTeachers: [SECOND] }, { seed: 1 });
    const list = (weights: readonly [number, number]): readonly AlignedTeacher[] => [
      { name: 'clip', teacher: clip, weight: weights[0], loss: 'l2' },
      { name: 'motion', teacher: motion, weight: weights[1], loss: 'smooth_l1' },
    ];
    const alone = createStudent(studentConfigOf(config), { seed: 1 });
    const single = await lossOf({ student: alone, config, teacher: clip });
    expect(single.metrics).toEqual({});

    const both = await lossOf({ student, config, teachers: list([2, 0.5]) });
    expect(Object.keys(both.metrics)).toEqual(['loss/clip', 'loss/motion']);
    expect(both.metrics['loss/clip']).toBeCloseTo(single.loss, 6); // as if the second were not there
    expect(both.loss).toBeCloseTo(2 * single.loss + 0.5 * (both.metrics['loss/motion'] ?? NaN), 5);

    // the other guide chooses other tokens
    const guided = await lossOf({ student, config, teachers: list([2, 0.5]), guide: 'motion' });
    expect(guided.metrics['loss/clip']).not.toBeCloseTo(single.loss, 4);
    const { visible, features } = scope(() =>
      maskedTarget(motion, tensor(pixels, SHAPE), config, { seed: 3, step: 5, samples: [0, 1] }),
    );
    expect(visible.shape).toEqual([2, 4]);
    const norms = Array.from({ length: 8 }, (_, row) =>
      Math.hypot(...readFloat64(features).subarray(row * 5, row * 5 + 5)),
    );
    for (const norm of norms) expect(norm).toBeCloseTo(1, 6);
  });

  test('are as many as the student has heads for, and the guide one of them', async () => {
    const teacher = frozenTeacher(encodeVideo);
    const student = buildStudent(config);
    const one: AlignedTeacher = { name: 'motion', teacher, weight: 1, loss: 'l2' };
    expect(() => createPretrainTask({ student, config, teachers: [one, one] })).toThrow(
      "2 teachers for a student with heads for 1; list each teacher beyond the first in the student's extraTeachers",
    );
    expect(() => createPretrainTask({ student, config, teachers: [one], guide: 'clip' })).toThrow(
      "the guide 'clip' is none of motion",
    );
  });
});

describe('an image encoder', () => {
  /** Each patch's mean, and how bright the whole image is. */
  const encodeImages = (images: Tensor) => {
    const [count = 0, height = 0, width = 0] = images.shape;
    const patches = patchVectors(reshape(images, [count, 1, height, width, 3]), { frames: 1, patch: 8 });
    const average = mean(patches, { axes: -1 });
    return { features: reshape(average, [1, count, 4, 1]), attention: multiply(average, average) };
  };

  test('sees the frames of all clips, and answers for their patches in the order of tokens', () => {
    const video = tensor(pixels, SHAPE);
    const teacher = frozenImageTeacher(encodeImages);
    const visible = tensor(Int32Array.of(0, 6, 15, 3, 9, 10), [2, 3]);
    const found = readFloat64(teacher.targetAt(video, visible, { ...GRID, frames: 4 }));
    for (const [index, token] of [0, 6, 15, 3, 9, 10].entries()) {
      const [clip, frame, patch] = [Math.floor(index / 3), Math.floor(token / 4), token % 4];
      expect(found[index]).toBeCloseTo(meanOfPatch(clip, frame, patch), 6);
    }
  });

  test('sees the middle frame of each tubelet', () => {
    const teacher = frozenImageTeacher(encodeImages, { tubelet: 2 });
    const visible = tensor(Int32Array.of(0, 1, 6, 7), [2, 2]);
    const found = readFloat64(teacher.targetAt(tensor(pixels, SHAPE), visible, GRID));
    const expected = [meanOfPatch(0, 1, 0), meanOfPatch(0, 1, 1), meanOfPatch(1, 3, 2), meanOfPatch(1, 3, 3)];
    for (const [index, value] of expected.entries()) expect(found[index]).toBeCloseTo(value, 6);
    const target = teacher.target(tensor(pixels, SHAPE), (attention) => {
      expect(attention.shape).toEqual([4, 4]);
      return visible;
    });
    expect(readFloat64(target.features)).toEqual(found);
  });

  test('says when it does not answer for the images it was given', () => {
    const video = tensor(pixels, SHAPE);
    const visible = tensor(Int32Array.of(0, 0), [2, 1]);
    const pooled = frozenImageTeacher((images) => ({ features: ones([1, images.shape[0] ?? 0, 6]) }));
    expect(() => pooled.targetAt(video, visible, GRID)).toThrow(
      /features \[1, 8, 6\] for 8 images, expected \[layers, 8, patches, width\]/,
    );
    expect(() => frozenImageTeacher(encodeImages, { tubelet: 3 }).targetAt(video, visible, GRID)).toThrow(
      /4 frames do not split into tubelets of 3/,
    );
  });

  function meanOfPatch(clip: number, frame: number, patch: number): number {
    const [top, left] = [8 * Math.floor(patch / 2), 8 * (patch % 2)];
    let sum = 0;
    for (let y = top; y < top + 8; y++) {
      for (let x = left; x < left + 8; x++) {
        for (let c = 0; c < 3; c++) sum += pixels[(((clip * 4 + frame) * 16 + y) * 16 + x) * 3 + c] ?? NaN;
      }
    }
    return sum / 192;
  }
});

describe('a teacher of other tokens than the student', () => {
  const draw = { seed: 1, step: 0, samples: [0, 1] };
  const perFrame = (video: Tensor) => ({
    features: ones([1, video.shape[0] ?? 0, 16, 5]),
    attention: ones([(video.shape[0] ?? 0) * 4, 4]),
  });

  test('is refused with one clear error, whatever the mask', () => {
    const video = tensor(pixels, SHAPE);
    expect(() => maskedTarget(frozenTeacher(perFrame), video, config, draw)).toThrow(TeacherGridError);
    expect(() => maskedTarget(frozenTeacher(perFrame), video, config, draw)).toThrow(
      "the teacher gives attention [8, 4] for 2 clips, where the student has 2 x 2 x 2 tokens of each, [4, 4]; resize the teacher's input to give both the same patch grid, and both tubelets of the same frames",
    );
    const tube = { ...config, mask: { kind: 'tube', ratio: 0.5 } as const };
    expect(() => maskedTarget(frozenTeacher(perFrame), video, tube, draw)).toThrow(TeacherGridError);
    expect(() => maskedTarget(frozenTeacher(perFrame), video, tube, draw)).toThrow(
      'the teacher gives features [1, 2, 16, 5] for 2 clips, expected [layers, 2, 8, width]: the student has 2 x 2 x 2 = 8 tokens of each',
    );
  });

  test('is refused where its features and its attention disagree', () => {
    const torn = frozenTeacher((video) => ({ ...perFrame(video), attention: full([4, 4], 1) }));
    expect(() => maskedTarget(torn, tensor(pixels, SHAPE), config, draw)).toThrow(
      'features [1, 2, 16, 5] for 2 clips, expected [layers, 2, 8, width]: its attention has 8 tokens of each',
    );
  });

  test('is refused where it is a CLIP of another grid', async () => {
    const clip = await buildTeacher({ ...config, student: { ...config.student, tubelet: 1 } }, null);
    const tube = { ...config, mask: { kind: 'tube', ratio: 0.5 } as const };
    expect(() => maskedTarget(clip, tensor(pixels, SHAPE), tube, draw)).toThrow(
      /a clip has 4 x 2 x 2 tokens where 2 x 2 x 2 are meant/,
    );
    expect(() => maskedTarget(clip, tensor(pixels, SHAPE), config, draw)).toThrow(TeacherGridError);
  });
});

describe('a configuration with tubelets', () => {
  test('trains student and CLIP on the same tubelets', async () => {
    const [teacher, student] = [await buildTeacher(config, null), buildStudent(config)];
    expect(teacher.config.tubelet).toBe(2);
    expect(student.encoder.patch_embed.proj.weight.shape).toEqual([12, 3, 2, 8, 8]);
    const { loss } = await lossOf({ student, config, teacher });
    expect(loss).toBeGreaterThan(0);
    expect(loss).toBeLessThan(4);
  });

  test('has clips that split into them', () => {
    expect(() => parsePretrainConfig({ ...config, video: { ...config.video, frames: 5 } })).toThrow(
      'video.frames must be a multiple of student.tubelet (2), not 5',
    );
  });
});
