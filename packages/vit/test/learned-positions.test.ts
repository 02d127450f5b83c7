import { createReferenceEngine, readFloat64 } from '@umt/conformance';
import { initialize, normal, stateDict } from '@umt/nn';
import { random } from '@umt/random';
import { mean, multiply, setEngine, tensor, type Tensor } from '@umt/tensor';
import { sinusoidTable } from '@umt/tokenizer';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  createStudent,
  Student,
  studentConfig,
  studentParameterShapes,
  VideoMae,
  videoMaeConfig,
} from '../src/index.ts';
import { parameterGradientDeviation } from './gradient-check.ts';

const TINY = { width: 6, depth: 2, heads: 2, mlpRatio: 2, patch: 4, imageSize: 8, frames: 2 } as const;
const LEARNED = studentConfig('B/16', { ...TINY, alignedLayers: 1, targetWidth: 5, learnablePositions: true });

let video: Tensor;
let visible: Tensor;
const numbers = (length: number) => random({ seed: 1, stream: 'test' }).fillNormal(new Float32Array(length));
beforeEach(() => {
  setEngine(createReferenceEngine());
  video = tensor(numbers(2 * 2 * 8 * 8 * 3), [2, 2, 8, 8, 3]);
  visible = tensor(Int32Array.of(0, 3, 5, 1, 2, 7), [2, 3]);
});

describe('a student with learned positions', () => {
  it('has them as its first parameter, for every token, within 0.02 of zero', async () => {
    const student = createStudent(LEARNED, { seed: 1 });
    const shapes = [...student.parameters()].map(([name, { shape }]) => [name, shape]);
    expect(shapes).toEqual([...studentParameterShapes(LEARNED)]);
    expect(shapes[0]).toEqual(['encoder.pos_embed', [1, 8, 6]]);
    const full = studentConfig('B/16', { learnablePositions: true });
    expect(studentParameterShapes(full).get('encoder.pos_embed')).toEqual([1, 1568, 768]);
    const { data = new Float32Array() } = (await stateDict(student)).get('encoder.pos_embed') ?? {};
    const largest = Math.max(...data.map(Math.abs));
    expect(largest).toBeLessThanOrEqual(Math.fround(0.02));
    expect(largest).toBeGreaterThan(0.01);
  });

  it('gives what one with the sine table gives when it has learned that table', () => {
    const [learned, constant] = [LEARNED, { ...LEARNED, learnablePositions: false }].map(
      (config) => new Student(config),
    );
    const weights = (student: Student | undefined) =>
      student && initialize(student, 3, (name) => (name === 'encoder.pos_embed' ? null : normal(0.4)));
    weights(learned);
    weights(constant);
    const features = (student: Student | undefined) =>
      student ? readFloat64(student.forward(video, visible).features) : new Float64Array();
    expect(features(learned)).not.toEqual(features(constant));
    learned?.encoder.pos_embed?.assign(tensor(sinusoidTable(8, 6), [1, 8, 6]));
    expect(features(learned)).toEqual(features(constant));
  });

  it('has the gradients of finite differences, of the positions too', () => {
    const student = new Student(LEARNED);
    initialize(student, 3, (name) => (name.endsWith('norm1.weight') ? null : normal(0.4)));
    const weights = tensor(numbers(30), [1, 2, 3, 5]);
    const loss = () => mean(multiply(student.forward(video, visible).features, weights));
    expect(parameterGradientDeviation(student.parameters(), loss)).toBeLessThan(1e-7);
  });
});

describe('models without biases of queries and values', () => {
  it('have no such parameters and run', () => {
    const student = new Student({ ...LEARNED, qkvBias: false });
    const mae = new VideoMae(
      videoMaeConfig('B/16', { ...TINY, tubelet: 1, decoderWidth: 4, decoderHeads: 2, qkvBias: false }),
    );
    for (const model of [student, mae]) {
      initialize(model, 3, () => normal(0.4));
      expect([...model.parameters().keys()].filter((name) => /[qv]_bias/.test(name))).toEqual([]);
    }
    expect(readFloat64(student.forward(video, visible).features).every(Number.isFinite)).toBe(true);
    expect(readFloat64(mae.forward(video, visible, visible)).every(Number.isFinite)).toBe(true);
  });
});
