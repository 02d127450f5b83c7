import { describeOn } from '@umt/conformance';
import { loadEngine } from '@umt/runtime';
import { read, scope, setEngine, singleProcess, tensor, valueAndGrad, type Tensor } from '@umt/tensor';
import { beforeAll, expect, it } from 'vitest';
import { mergeConfig } from '../src/config/merge-config.ts';
import { parsePretrainConfig } from '../src/config/pretrain-config.ts';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { buildStudent, buildTeacher } from '../src/stage1/models.ts';
import { createPretrainTask } from '../src/stage1/pretrain-task.ts';
import { SMALL } from './small.ts';

type Precision = 'float32' | 'bfloat16';

const SHAPE = [3, 2, 32, 32, 3];
const VIDEO = Float32Array.from(
  { length: 3 * 2 * 32 * 32 * 3 },
  (_, i) => Math.sin(i * 0.7) + 0.3 * Math.cos(i * 0.011),
);

function configOf(student: Precision, teacher: Precision) {
  const precisions = { student: { precision: student }, teacher: { precision: teacher } };
  // tubes are drawn on the host: rounding cannot change which tokens stay
  return parsePretrainConfig(mergeConfig(pretrainTiny(SMALL), { ...precisions, mask: { kind: 'tube' } }));
}

/** The loss of one batch of clips and its gradients, all joined, with each model in a precision of its own. */
async function lossAndGradients(student: Precision, teacher: Precision) {
  const config = configOf(student, teacher);
  const own = buildStudent(config);
  const task = createPretrainTask({ student: own, teacher: await buildTeacher(config, null), config });
  const context = { seed: 3, step: 5, epoch: 0, microStep: 0, accumulationSteps: 1, collective: singleProcess };
  const batch = { video: VIDEO, shape: SHAPE };
  const { value, gradients } = scope(() =>
    valueAndGrad(() => task.loss(batch, context), [...task.parameters.values()]),
  );
  expect(new Set(gradients.map(({ dtype }) => dtype))).toEqual(new Set(['float32']));
  const [loss = []] = [await read(value.loss)];
  const all = await Promise.all(gradients.map((one: Tensor) => read(one)));
  return { loss: loss[0] ?? NaN, gradient: all.flatMap((one) => [...one]) };
}

/** What the teacher says of every token: one row of 16 features for each. */
async function targets(precision: Precision): Promise<readonly (readonly number[])[]> {
  const config = configOf('float32', precision);
  const teacher = await buildTeacher(config, null);
  const tokens = Int32Array.from({ length: 3 * 32 }, (_, index) => index % 32);
  const features = scope(() => teacher.targetAt(tensor(VIDEO, SHAPE), tensor(tokens, [3, 32], 'int32')));
  const numbers = [...(await read(features))];
  features.dispose();
  teacher.dispose();
  return Array.from({ length: numbers.length / 16 }, (_, row) => numbers.slice(row * 16, (row + 1) * 16));
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, at) => sum + value * (y[at] ?? NaN), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

await describeOn(
  'torch',
  async () => (await loadEngine({ device: 'torch:cpu' })).engine,
  (engine) => {
    beforeAll(() => setEngine(engine));

    it("the target of a teacher in bfloat16 has a cosine of 0.9999 with float32's over all tokens, and 0.999 at each", async () => {
      const [exact, rounded] = [await targets('float32'), await targets('bfloat16')];
      const cosines = exact.map((expected, row) => cosine(expected, rounded[row] ?? []));
      expect(cosines).toHaveLength(2 * 3 * 32);
      expect(cosines.reduce((a, b) => a + b) / cosines.length).toBeGreaterThan(0.9999);
      expect(Math.min(...cosines)).toBeGreaterThan(0.999);
    });

    it('student and teacher in bfloat16, together or apart, give the loss and gradients of float32 to their precision', async () => {
      const exact = await lossAndGradients('float32', 'float32');
      for (const [student, teacher] of [
        ['bfloat16', 'bfloat16'],
        ['float32', 'bfloat16'],
        ['bfloat16', 'float32'],
      ] as const) {
        const rounded = await lossAndGradients(student, teacher);
        expect(Math.abs(rounded.loss / exact.loss - 1)).toBeLessThan(0.01);
        expect(cosine(rounded.gradient, exact.gradient)).toBeGreaterThan(0.995);
      }
    });
  },
);

it('an engine without bfloat16 refuses it by name', async () => {
  const { engine } = await loadEngine({ device: 'cpu' });
  setEngine(engine);
  try {
    await expect(lossAndGradients('float32', 'bfloat16')).rejects.toThrow('no bfloat16 tensors on this engine');
  } finally {
    setEngine(undefined);
    engine.dispose();
  }
});
