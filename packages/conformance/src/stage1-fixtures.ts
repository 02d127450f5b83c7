import { Teacher, teacherConfig } from '@umt/clip';
import { alignmentLoss, type AlignmentLossKind } from '@umt/losses';
import { drawVisible, exponentialNoise } from '@umt/masking';
import type { Module, Parameter } from '@umt/nn';
import {
  adamw,
  clipByGlobalNorm,
  dispose,
  full,
  read,
  readScalar,
  scalar,
  scope,
  setEngine,
  tensor,
  valueAndGrad,
  zeros,
  type Engine,
  type Tensor,
} from '@umt/tensor';
import { resizeVideo } from '@umt/tokenizer';
import { Student, studentConfig } from '@umt/vit';
import { beforeAll, expect, it } from 'vitest';
import fixture from '../fixtures/stage1.json' with { type: 'json' };
import { describeOn } from './describe-engine.ts';
import { loadSynthetic, syntheticVideo } from './synthetic.ts';

/** Largest absolute difference of values. */
const TOLERANCE = 2e-5;
/** Largest relative difference of gradient norms. */
const GRADIENT_TOLERANCE = 1e-4;

/**
 * Stage 1 on one engine against values measured on the reference implementation: student, teacher with attention, the
 * three losses, the norm of every gradient, the state after one AdamW step, and bicubic resizing on the device.
 */
export async function describeStage1Fixtures(
  name: string,
  createEngine: () => Engine | Promise<Engine>,
): Promise<void> {
  await describeOn(name, createEngine, (engine) => {
    let student: Student;
    let teacher: Teacher;
    let video: Tensor;
    let visible: Tensor;

    beforeAll(async () => {
      setEngine(engine);
      student = new Student(smallStudent());
      teacher = new Teacher(smallTeacher());
      await loadSynthetic(student);
      await loadSynthetic(teacher);
      video = tensor(syntheticVideo([2, 2, 64, 64]), [2, 2, 64, 64, 3]);
      visible = tensor(Int32Array.from(fixture.student.visibleIndices.flat()), [2, 8]);
    });

    it('the student gives the reference features', async () => {
      const { features } = scope(() => student.forward(video, visible));
      expect(features.shape).toEqual(fixture.student.output.shape);
      await expectClose(features, fixture.student.output.data);
    });

    it('the teacher gives the reference features and class attention', async () => {
      const { features, attention } = teacher.forward(video);
      expect(features.shape).toEqual(fixture.teacher.features.shape);
      expect(attention.shape).toEqual(fixture.teacher.attention.shape);
      await expectClose(features, fixture.teacher.features.data);
      await expectClose(attention, fixture.teacher.attention.data);
    });

    it('the teacher that computes chosen tokens only gives the same as filtering all of them', async () => {
      const { features, attention } = teacher.target(video, () => visible);
      await expectClose(features, filtered(fixture.teacher.features, fixture.student.visibleIndices));
      await expectClose(attention, fixture.teacher.attention.data);
      await expectClose(
        teacher.targetAt(video, visible),
        filtered(fixture.teacher.features, fixture.student.visibleIndices),
      );
    });

    it.each<AlignmentLossKind>(['l2', 'mse', 'smooth_l1'])('the %s loss is the reference loss', async (kind) => {
      const loss = scope(() =>
        alignmentLoss(student.forward(video, visible).features, targetOf(teacher, video, visible), kind),
      );
      expect(Math.abs((await readScalar(loss)) - fixture.losses[kind])).toBeLessThan(TOLERANCE);
    });

    it('every gradient of the l2 loss has the reference norm, and so have all together', async () => {
      const { gradients } = gradientsOf(student, teacher, video, visible);
      const names = [...student.parameters().keys()];
      expect([...names].sort()).toEqual(Object.keys(fixture.gradientNorms).sort());
      for (const [index, expected] of Object.entries(fixture.gradientNorms).map(
        ([key, norm]) => [names.indexOf(key), norm] as const,
      )) {
        const gradient = gradients[index];
        expect(gradient?.shape).toEqual(student.parameters().get(names[index] ?? '')?.shape);
        const elements = gradient ? Array.from(await read(gradient), Number) : [];
        expectRelative(Math.hypot(...elements), expected, names[index] ?? '');
      }
      const { norm } = clipByGlobalNorm(gradients, null);
      expectRelative(await readScalar(norm), fixture.totalGradientNorm, 'all gradients together');
      dispose(gradients);
    });

    it('one AdamW step with the reference decay groups gives the reference parameters and loss', async () => {
      const stepped = new Student(smallStudent());
      await loadSynthetic(stepped);
      const parameters = [...stepped.parameters()];
      const { gradients } = gradientsOf(stepped, teacher, video, visible);
      for (const [index, [key, parameter]] of parameters.entries()) {
        const gradient = gradients[index];
        if (gradient) stepAdamW(key, parameter, gradient);
      }
      const { value } = gradientsOf(stepped, teacher, video, visible);
      expect(Math.abs((await readScalar(value)) - fixture.adamw.l2)).toBeLessThan(TOLERANCE);
      await expectStart(stepped, 'encoder.blocks.0.attn.qkv.weight', fixture.adamw.qkvWeight);
      await expectStart(stepped, 'encoder.blocks.0.attn.q_bias', fixture.adamw.qBias);
      stepped.dispose();
    });

    it('the tokens drawn by attention are the largest of attention over noise in each frame', async () => {
      const { data: attention, shape } = fixture.teacher.attention;
      const noise = exponentialNoise({ seed: 1, step: 0, samples: [0, 1] }, 32);
      const drawn = await read(
        drawVisible(tensor(attention, shape), tensor(noise, shape), { visiblePerFrame: 4, frames: 2 }),
      );
      const expected = [0, 1, 2, 3].flatMap((frame) => {
        const keys = Array.from({ length: 16 }, (_, patch) => attentionOverNoise(attention, noise, frame * 16 + patch));
        const largest = [...keys.keys()].sort((a, b) => (keys[b] ?? 0) - (keys[a] ?? 0)).slice(0, 4);
        return largest.sort((a, b) => a - b).map((patch) => (frame % 2) * 16 + patch);
      });
      expect(Array.from(drawn)).toEqual(expected);
    });

    it('frames resize bicubically as in the reference', async () => {
      const frame = tensor(syntheticVideo([1, 1, 16, 16]), [1, 1, 16, 16, 3]);
      const resized = await read(resizeVideo(frame, 14, 14));
      const { data } = fixture.bicubic16to14.channel0_out;
      const firstChannel = Array.from(resized, Number).filter((_, index) => index % 3 === 0);
      expect(largestDifference(firstChannel, data)).toBeLessThan(TOLERANCE);
    });

    it('forward and backward leave nothing on the device but their results', () => {
      const before = engine.memory().tensors;
      const { gradients, value } = gradientsOf(student, teacher, video, visible);
      expect(engine.memory().tensors).toBe(before + gradients.length + 1);
      dispose([gradients, value]);
      expect(engine.memory().tensors).toBe(before);
    });
  });
}

function attentionOverNoise(attention: readonly number[], noise: Float32Array, index: number): number {
  return (attention[index] ?? NaN) / (noise[index] ?? NaN);
}

function smallStudent() {
  const { embed, depth, heads, mlp_ratio, img, frames, clip_output_dim, return_layers } = fixture.student.config;
  return studentConfig('B/16', {
    width: embed,
    depth,
    heads,
    mlpRatio: mlp_ratio,
    imageSize: img,
    frames,
    targetWidth: clip_output_dim,
    alignedLayers: return_layers,
  });
}

function smallTeacher() {
  const { width, layers, heads, res, out, return_layers } = fixture.teacher.config;
  return teacherConfig('B/16', {
    width,
    layers,
    heads,
    resolution: res,
    outputWidth: out,
    alignedLayers: return_layers,
  });
}

function targetOf(teacher: Teacher, video: Tensor, visible: Tensor): Tensor {
  return teacher.target(video, () => visible).features;
}

/** The l2 loss and its gradients in the order of the student's parameters. */
function gradientsOf(student: Student, teacher: Teacher, video: Tensor, visible: Tensor) {
  return scope(() =>
    valueAndGrad(
      () => alignmentLoss(student.forward(video, visible).features, targetOf(teacher, video, visible), 'l2'),
      [...student.parameters().values()],
    ),
  );
}

/** The first update of a parameter: no decay for vectors, which all biases and norms are. */
function stepAdamW(key: string, parameter: Parameter, gradient: Tensor): void {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = fixture.adamw;
  const isDecayed = parameter.shape.length > 1 && !key.endsWith('.bias');
  const state = {
    parameter: parameter.value,
    gradient,
    firstMoment: zeros(parameter.shape),
    secondMoment: zeros(parameter.shape),
    step: scalar(1),
    gradientScale: scalar(1),
    apply: full([], 1, 'bool'),
  };
  const result = adamw(state, { learningRate, beta1, beta2, epsilon, weightDecay: isDecayed ? weightDecay : 0 });
  parameter.assign(result.parameter);
  dispose([result.firstMoment, result.secondMoment, gradient, state.step, state.gradientScale, state.apply]);
}

/** [K, B, N, C] -> [K, B, M, C], the rows that stay visible. */
function filtered(
  { shape, data }: { shape: readonly number[]; data: readonly number[] },
  visible: readonly (readonly number[])[],
): readonly number[] {
  const [layers = 0, batch = 0, tokens = 0, channels = 0] = shape;
  return Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) =>
    visible.flatMap((rows, clip) =>
      rows.flatMap((row) => {
        const start = ((layer * batch + clip) * tokens + row) * channels;
        return data.slice(start, start + channels);
      }),
    ),
  );
}

async function expectClose(actual: Tensor, expected: readonly number[]): Promise<void> {
  expect(actual.size).toBe(expected.length);
  expect(largestDifference(Array.from(await read(actual), Number), expected)).toBeLessThan(TOLERANCE);
}

async function expectStart(module: Module, key: string, expected: readonly number[]): Promise<void> {
  const parameter = module.parameters().get(key);
  const values = parameter ? Array.from(await read(parameter.value), Number) : [];
  expect(largestDifference(values.slice(0, expected.length), expected)).toBeLessThan(TOLERANCE);
}

function expectRelative(actual: number, expected: number, what: string): void {
  expect(Math.abs(actual / expected - 1), `${what}: ${actual} against ${expected}`).toBeLessThan(GRADIENT_TOLERANCE);
}

function largestDifference(actual: readonly number[], expected: readonly number[]): number {
  return Math.max(...expected.map((value, index) => Math.abs((actual[index] ?? NaN) - value)));
}
