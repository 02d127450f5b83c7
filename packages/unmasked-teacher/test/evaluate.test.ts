import type { VideoEntry } from '@umt/data';
import { loadEngine } from '@umt/runtime';
import { broadcastTo, ones, reshape, setEngine, tensor, type Engine } from '@umt/tensor';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { evaluateBlindGuess, evaluateStudent, meanTarget } from '../src/stage1/evaluate.ts';
import { frozenTeacher } from '../src/stage1/frozen-teacher.ts';
import { fixedClips, splitVideos } from '../src/stage1/held-out.ts';
import { buildStudent, buildTeacher } from '../src/stage1/models.ts';
import type { VideoBatch } from '../src/stage1/pretrain-task.ts';
import { StoppedClock } from '../src/training/stopped-clock.ts';
import { CLIPS, SMALL } from './small.ts';

let engine: Engine;
beforeAll(async () => {
  ({ engine } = await loadEngine({ device: 'wasm', gemm: 'xnnpack' }));
  setEngine(engine);
});
afterAll(() => {
  setEngine(undefined);
  engine.dispose();
});

const config = pretrainTiny(SMALL);

describe('keeping videos out of training', () => {
  const videos = (count: number): readonly VideoEntry[] => Array.from({ length: count }, (_, i) => ({ path: `v${i}` }));

  test('takes the third, sixth, ninth and twelfth of twelve', () => {
    expect(splitVideos(videos(12), 4).heldOut.map(({ path }) => path)).toEqual(['v2', 'v5', 'v8', 'v11']);
  });

  test('every video is on one side, as many are held out as were asked for', () => {
    const sizes = fc
      .integer({ min: 1, max: 200 })
      .chain((count) => fc.tuple(fc.constant(count), fc.integer({ min: 0, max: count - 1 })));
    fc.assert(
      fc.property(sizes, ([count, held]) => {
        const all = videos(count);
        const { training, heldOut } = splitVideos(all, held);
        expect(heldOut).toHaveLength(held);
        expect([...training, ...heldOut].sort((a, b) => all.indexOf(a) - all.indexOf(b))).toEqual(all);
      }),
    );
  });

  test('leaves something to train on', () => {
    expect(() => splitVideos(videos(3), 3)).toThrow('there are 3 videos, and 3 would be held out (--data.held-out)');
    expect(() => splitVideos(videos(1), 1)).toThrow('there is 1 video, and 1');
  });
});

describe('the guess that sees no pixel', () => {
  /** A teacher whose features are (cos a, sin a) with a the clip's first pixel, the same for every token. */
  const angleTeacher = frozenTeacher((video) => {
    const [clips = 0] = video.shape;
    return {
      features: broadcastTo(reshape(anglesOf.get(clips) ?? ones([1]), [1, clips, 1, 2]), [1, clips, 32, 2]),
      attention: ones([clips * 2, 16]),
    };
  });
  const anglesOf = new Map<number, ReturnType<typeof tensor>>();
  const batch = (clips: number): VideoBatch => ({
    video: new Float32Array(clips * 2 * 32 * 32 * 3),
    shape: [clips, 2, 32, 32, 3],
  });

  test('is the mean direction of the training targets, and its loss that of closed form', async () => {
    // Training clips point to 0 and 90 degrees, so the guess to 45; held-out clips point to 45, 90 and 135.
    const unit = (degrees: number) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    anglesOf.set(2, tensor([unit(0), unit(90)].flat(), [2, 2]));
    anglesOf.set(3, tensor([unit(45), unit(90), unit(135)].flat(), [3, 2]));
    const options = { teacher: angleTeacher, config, batches: [batch(3)] };
    const guess = await meanTarget(
      options,
      (async function* () {
        yield batch(2);
      })(),
    );
    const cosine = (1 + Math.SQRT1_2 + 0) / 3;
    expect(await evaluateBlindGuess(guess, options)).toBeCloseTo(2 - 2 * cosine, 5);
    guess.dispose();
    for (const angles of anglesOf.values()) angles.dispose();
  });
});

describe('measuring a student', () => {
  test('gives the same number at every call and leaves no tensor behind', async () => {
    const [teacher, student] = [await buildTeacher(config, null), buildStudent(config)];
    const batches = await fixedClips(config, [{ path: `${CLIPS}/box-1.mp4` }, { path: `${CLIPS}/tree-1.mp4` }], 4);
    const first = await evaluateStudent(student, { teacher, config, batches });
    const before = engine.memory().tensors;
    expect(await evaluateStudent(student, { teacher, config, batches })).toBe(first);
    expect(engine.memory().tensors).toBe(before);
    expect(first).toBeGreaterThan(1); // untrained: nearly orthogonal
    teacher.dispose();
    student.dispose();
  });

  test('clips are the same at every call, as many of each video, in batches no larger than training has', async () => {
    const videos = ['cup-1', 'cup-2', 'box-1'].map((name) => ({ path: `${CLIPS}/${name}.mp4` }));
    const batches = await fixedClips(config, videos, 7);
    expect(batches.map(({ shape }) => shape[0])).toEqual([3, 3, 3]);
    expect(batches.flatMap(({ paths }) => paths).filter((path) => path.includes('cup-2'))).toHaveLength(3);
    expect((await fixedClips(config, videos, 7)).map(({ video }) => video)).toEqual(batches.map(({ video }) => video));
  });
});

test('a stopped clock leaves out what it paused for', async () => {
  const clock = new StoppedClock();
  const start = clock.now();
  await clock.pause(() => new Promise((resolve) => setTimeout(resolve, 80)));
  expect(clock.now() - start).toBeLessThan(0.06);
});
