import { setEngine, type Engine } from '@umt/tensor';
import { describe, expect, it } from 'vitest';
import type { EngineUnderTest } from '../describe-engine.ts';
import { createReferenceEngine } from '../reference-engine.ts';
import { tasks, train } from '../tiny-training.ts';

const STEPS = 30;
/** How far losses may be from those of the float64 reference, relative. */
const LOSS_TOLERANCE = 1e-5;

/** Thirty steps of AdamW on two tiny models: the same losses on every engine, the same bits on one. */
export function describeTraining({ engine }: EngineUnderTest): void {
  describe('training', () => {
    for (const [name, task] of Object.entries(tasks)) {
      it(`${name} follows the losses of the float64 reference, and repeats bit for bit`, async () => {
        const expected = await lossesOn(createReferenceEngine(), task);
        const found = await lossesOn(engine, task);
        expect(await lossesOn(engine, task)).toEqual(found);
        expect(expected[STEPS - 1]).toBeLessThan(0.7 * (expected[0] ?? NaN));
        for (const [step, loss] of found.entries()) {
          expect(
            Math.abs(loss / (expected[step] ?? NaN) - 1),
            `step ${step}: ${loss}, expected ${expected[step]}`,
          ).toBeLessThan(LOSS_TOLERANCE);
        }
      });
    }
  });
}

async function lossesOn(engine: Engine, task: (typeof tasks)[keyof typeof tasks]): Promise<readonly number[]> {
  setEngine(engine);
  const before = engine.memory().tensors;
  const { losses, tensorCounts } = await train(task, STEPS);
  expect(new Set(tensorCounts).size, 'tensor counts after each step').toBe(1);
  expect(engine.memory().tensors).toBe(before);
  return losses;
}
