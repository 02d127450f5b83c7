import { teacherConfig } from '@umt/clip';
import { maskOf, visibleCount } from '@umt/masking';
import { loadEngine } from '@umt/runtime';
import {
  multiply,
  read,
  readScalar,
  reshape,
  scope,
  setEngine,
  singleProcess,
  tensor,
  type Engine,
  type Tensor,
} from '@umt/tensor';
import type { StepContext } from '@umt/trainer';
import { studentConfig } from '@umt/vit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mergeConfig } from '../src/config/merge-config.ts';
import { parsePretrainConfig, type PretrainConfig } from '../src/config/pretrain-config.ts';
import { pretrainB16 } from '../src/recipes/pretrain-b16.ts';
import { pretrainL16 } from '../src/recipes/pretrain-l16.ts';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { frozenTeacher, type FrozenTeacher } from '../src/stage1/frozen-teacher.ts';
import { maskedTarget } from '../src/stage1/masks.ts';
import { buildStudent, buildTeacher, studentConfigOf, teacherConfigOf } from '../src/stage1/models.ts';
import { createPretrainTask, type VideoBatch } from '../src/stage1/pretrain-task.ts';
import { SMALL } from './small.ts';

let engine: Engine;
beforeAll(async () => {
  ({ engine } = await loadEngine({ device: 'wasm', gemm: 'xnnpack' }));
  setEngine(engine);
});
afterAll(() => {
  setEngine(undefined);
  engine.dispose();
});

function small(changes: Readonly<Record<string, unknown>> = {}): PretrainConfig {
  return parsePretrainConfig(mergeConfig(pretrainTiny(SMALL), changes));
}

function clips(count: number, first = 0): VideoBatch {
  const length = 2 * 32 * 32 * 3;
  const video = Float32Array.from(
    { length: count * length },
    (_, i) => Math.sin((i + first * length) * 0.7) + 0.3 * Math.cos(i * 0.011),
  );
  return { video, shape: [count, 2, 32, 32, 3] };
}

const CONTEXT: StepContext = {
  seed: 3,
  step: 5,
  epoch: 0,
  microStep: 0,
  accumulationSteps: 1,
  collective: singleProcess,
};

async function valueOf(make: () => Tensor): Promise<number> {
  const value = scope(make);
  try {
    return await readScalar(value);
  } finally {
    value.dispose();
  }
}

async function lossOf(
  config: PretrainConfig,
  teacher: FrozenTeacher,
  batch: VideoBatch,
  context = CONTEXT,
): Promise<number> {
  const student = buildStudent(config);
  const task = createPretrainTask({ student, teacher, config });
  const loss = await valueOf(() => task.loss(batch, context).loss);
  student.dispose();
  return loss;
}

describe('models of the published recipes are the published models', () => {
  test('B/16', () => {
    expect(studentConfigOf(pretrainB16())).toEqual(studentConfig('B/16'));
    expect(teacherConfigOf(pretrainB16())).toEqual(teacherConfig('B/16'));
  });

  test('L/16', () => {
    expect(studentConfigOf(pretrainL16())).toEqual(studentConfig('L/16'));
    expect(teacherConfigOf(pretrainL16())).toEqual(teacherConfig('L/14', { resolution: 196 }));
  });
});

describe('the loss of a step', () => {
  test('is 2 - 2 s.z over the tokens that were kept, computed by hand from all tokens', async () => {
    const config = small({ student: { dropPath: 0 }, alignment: { weight: 3 } });
    const teacher = await buildTeacher(config, null);
    const student = buildStudent(config);
    const batch = clips(2);
    const video = tensor(batch.video, batch.shape);

    const { visible } = maskedTarget(teacher, video, config, { seed: 3, step: 5, samples: [0, 1] });
    const kept = await read(visible);
    const target = await read(teacher.forward(video).features); // [K, B, N, C] of all tokens
    const seen = await read(student.forward(video, visible).features); // [K, B, M, C]
    const [layers, tokens, count, width] = [2, 32, kept.length / 2, 16];
    let sum = 0;
    for (let k = 0; k < layers; k++) {
      for (let b = 0; b < 2; b++) {
        for (let m = 0; m < count; m++) {
          const token = kept[b * count + m] ?? -1;
          let dot = 0;
          for (let c = 0; c < width; c++) {
            dot +=
              (seen[((k * 2 + b) * count + m) * width + c] ?? 0) *
              (target[((k * 2 + b) * tokens + token) * width + c] ?? 0);
          }
          sum += 2 - 2 * dot;
        }
      }
    }
    const byHand = (3 * sum) / (layers * 2 * count);
    expect(await lossOf(config, teacher, batch)).toBeCloseTo(byHand, 5);
    teacher.dispose();
    student.dispose();
  });

  test('of two micro-batches is that of the whole batch: masks and drop path belong to clips', async () => {
    const config = small();
    const teacher = await buildTeacher(config, null);
    const whole = await lossOf(config, teacher, { video: concat(clips(4), clips(4, 4)), shape: [8, 2, 32, 32, 3] });
    const context = { ...CONTEXT, accumulationSteps: 2 };
    const first = await lossOf(config, teacher, clips(4), context);
    const second = await lossOf(config, teacher, clips(4, 4), { ...context, microStep: 1 });
    expect((first + second) / 2).toBeCloseTo(whole, 5);
    teacher.dispose();
  });

  test('is not finite where the teacher gives no attention to draw from, so that the step is not applied', async () => {
    const config = small();
    const clip = await buildTeacher(config, null);
    const blank = frozenTeacher((video) => {
      const { features, attention } = clip.forward(video);
      return { features, attention: multiply(attention, 0) };
    });
    expect(await lossOf(config, blank, clips(2))).toBeNaN();
    expect(await lossOf(config, clip, clips(2))).toBeGreaterThan(0);
    clip.dispose();
  });
});

describe('masks', () => {
  test.each(['attention', 'tube'] as const)('%s keeps the same number in every frame', async (kind) => {
    const config = small({ mask: { kind, ratio: 0.7 } });
    const perFrame = visibleCount(16, 0.7);
    for (const row of await visibleRows(config)) {
      const mask = maskOf(Int32Array.from(row), 32);
      const frames = [mask.subarray(0, 16), mask.subarray(16)];
      for (const frame of frames) expect(frame.filter((dropped) => dropped === 0)).toHaveLength(perFrame);
      if (kind === 'tube') expect([...(frames[0] ?? [])]).toEqual([...(frames[1] ?? [])]);
    }
  });

  test('random keeps the ratio of the whole clip', async () => {
    const config = small({ mask: { kind: 'random', ratio: 0.7 } });
    const rows = await visibleRows(config);
    for (const row of rows) expect(new Set(row).size).toBe(visibleCount(32, 0.7));
    expect(rows[0]).not.toEqual(rows[1]);
  });

  test.each(['attention', 'tube', 'random'] as const)('a step with %s masks has a finite loss', async (kind) => {
    const config = small({ mask: { kind } });
    const teacher = await buildTeacher(config, null);
    expect(await lossOf(config, teacher, clips(3))).toBeGreaterThan(0);
    teacher.dispose();
  });

  async function visibleRows(config: PretrainConfig): Promise<readonly (readonly number[])[]> {
    const teacher = await buildTeacher(config, null);
    const { video, shape } = clips(3);
    const { visible } = maskedTarget(teacher, tensor(video, shape), config, { seed: 1, step: 2, samples: [0, 1, 2] });
    const data = [...(await read(visible))];
    teacher.dispose();
    const length = data.length / 3;
    return [0, 1, 2].map((row) => data.slice(row * length, (row + 1) * length));
  }
});

describe('a teacher made of a function', () => {
  test.each(['attention', 'random'] as const)('gives the loss of the teacher it wraps, with %s masks', async (kind) => {
    const config = small({ mask: { kind } });
    const clip = await buildTeacher(config, null);
    const wrapped = frozenTeacher((video) => clip.forward(video));
    expect(await lossOf(config, wrapped, clips(2))).toBeCloseTo(await lossOf(config, clip, clips(2)), 5);
    clip.dispose();
  });

  test('without attention says which masks it can do', async () => {
    const config = small();
    const even = frozenTeacher((video) => ({ features: reshape(video, [1, 2, 32, -1]) }));
    await expect(lossOf(config, even, clips(2))).rejects.toThrow(
      "mask.kind cannot be 'attention'; use 'tube' or 'random'",
    );
  });
});

test('a step leaves no tensor behind', async () => {
  const config = small();
  const teacher = await buildTeacher(config, null);
  await lossOf(config, teacher, clips(2));
  const before = engine.memory().tensors;
  for (let i = 0; i < 3; i++) await lossOf(config, teacher, clips(2));
  expect(engine.memory().tensors).toBe(before);
  teacher.dispose();
});

function concat(...batches: readonly VideoBatch[]): Float32Array {
  return Float32Array.from(batches.flatMap(({ video }) => [...video]));
}
