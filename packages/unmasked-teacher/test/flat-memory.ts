import { loadEngine } from '@umt/runtime';
import { setEngine } from '@umt/tensor';
import { train } from '@umt/trainer';
import { expect } from 'vitest';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { buildStudent, buildTeacher } from '../src/stage1/models.ts';
import { createPretrainTask } from '../src/stage1/pretrain-task.ts';
import { trainOptionsOf } from '../src/stage1/train-options.ts';
import { SMALL } from './small.ts';

/** Trains for so many steps, and expects tensors and heap at some of them to be what they were at the tenth. */
export async function expectFlatMemory(count: number, looks: readonly number[]): Promise<void> {
  const { engine } = await loadEngine({ device: 'wasm' });
  setEngine(engine);
  const config = pretrainTiny({ ...SMALL, schedule: { epochs: 1, warmupEpochs: 0 } });
  const task = createPretrainTask({ student: buildStudent(config), teacher: await buildTeacher(config, null), config });
  const shape = [2, config.video.frames, config.video.size, config.video.size, 3];
  const size = shape.reduce((a, b) => a * b);
  const clips = {
    batchesPerEpoch: count,
    batchSize: 2,
    async *batches() {
      for (let step = 0; step < count; step++) {
        yield { video: Float32Array.from({ length: size }, (_, i) => Math.sin(i * 0.37 + step)), shape };
      }
    },
  };
  const seen = new Map<number, ReturnType<typeof engine.memory>>();
  const losses: number[] = [];
  await train(task, trainOptionsOf(config, clips, null), {
    onEvent(event) {
      if (event.type !== 'step') return;
      losses.push(event.loss);
      seen.set(event.step, engine.memory());
    },
  });
  expect(losses).toHaveLength(count);
  // Values are read a step late, so the last step's tensors are counted when none is under way any more.
  for (const step of looks) {
    expect(seen.get(step)?.tensors).toBe(seen.get(10)?.tensors);
    expect(seen.get(step)?.reservedBytes).toBe(seen.get(10)?.reservedBytes);
  }
  setEngine(undefined);
  engine.dispose();
}
