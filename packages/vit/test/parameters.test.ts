import { createReferenceEngine, createShapeEngine } from '@umt/conformance';
import { stateDict } from '@umt/nn';
import { setEngine, sizeOf } from '@umt/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStudent, Student, studentConfig, studentParameterShapes, type StudentConfig } from '../src/index.ts';

const shapesOf = (config: StudentConfig) => {
  setEngine(createShapeEngine());
  return [...new Student(config).parameters()].map(([name, { shape }]) => [name, shape] as const);
};

describe('the parameters of a student', () => {
  it.each([
    ['B/16', 184, 88_005_888],
    ['L/16', 340, 307_806_720],
  ] as const)('of size %s are the %i tensors with %i elements of the reference', (size, tensors, elements) => {
    const shapes = studentParameterShapes(studentConfig(size));
    expect(shapes.size).toBe(tensors);
    expect([...shapes.values()].reduce((total, shape) => total + sizeOf(shape), 0)).toBe(elements);
    expect(shapesOf(studentConfig(size))).toEqual([...shapes]);
  });

  it('have the names and shapes of the reference', () => {
    const shapes = studentParameterShapes(studentConfig('B/16'));
    expect([...shapes].slice(0, 4)).toEqual([
      ['encoder.patch_embed.proj.weight', [768, 3, 1, 16, 16]],
      ['encoder.patch_embed.proj.bias', [768]],
      ['encoder.blocks.0.norm1.weight', [768]],
      ['encoder.blocks.0.norm1.bias', [768]],
    ]);
    expect(shapes.get('encoder.blocks.11.attn.qkv.weight')).toEqual([2304, 768]);
    expect(shapes.get('encoder.blocks.11.mlp.fc1.weight')).toEqual([3072, 768]);
    expect([...shapes].slice(-4)).toEqual([
      ['clip_decoder.5.head.weight', [512, 768]],
      ['clip_decoder.5.head.bias', [512]],
      ['clip_decoder.5.norm.weight', [512]],
      ['clip_decoder.5.norm.bias', [512]],
    ]);
  });

  it('of any configuration are those that the module has, in its order', () => {
    const changes = fc.record({
      width: fc.constantFrom(6, 12),
      depth: fc.integer({ min: 1, max: 4 }),
      heads: fc.constantFrom(1, 2, 3),
      mlpRatio: fc.constantFrom(2, 4, 8 / 3),
      patch: fc.constantFrom(2, 4),
      tubelet: fc.constantFrom(1, 2),
      alignedLayers: fc.constant(1),
      targetWidth: fc.integer({ min: 1, max: 5 }),
      initValues: fc.constantFrom(0, 0.1),
    });
    fc.assert(
      fc.property(changes, (change) => {
        const config = studentConfig('B/16', { ...change, imageSize: 8 });
        expect(shapesOf(config)).toEqual([...studentParameterShapes(config)]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a new student', () => {
  it("has the reference's initial values: Xavier, PyTorch's convolution, zero biases and unit norms", async () => {
    setEngine(createReferenceEngine());
    const config = studentConfig('B/16', {
      width: 24,
      heads: 3,
      depth: 2,
      imageSize: 32,
      frames: 2,
      alignedLayers: 2,
      targetWidth: 10,
      initValues: 0.1,
    });
    const state = await stateDict(createStudent(config, { seed: 1 }));
    const largest = (name: string) => Math.max(...(state.get(name)?.data ?? []).map(Math.abs));
    const bounds: readonly (readonly [string, number])[] = [
      ['encoder.patch_embed.proj.weight', 768 ** -0.5],
      ['encoder.patch_embed.proj.bias', 768 ** -0.5],
      ['encoder.blocks.1.attn.qkv.weight', Math.sqrt(6 / (24 + 72))],
      ['encoder.blocks.1.mlp.fc2.weight', Math.sqrt(6 / (24 + 96))],
      ['clip_decoder.0.head.weight', Math.sqrt(6 / (24 + 10))],
    ];
    for (const [name, bound] of bounds) {
      expect(largest(name), name).toBeLessThanOrEqual(bound);
      expect(largest(name), name).toBeGreaterThan(0.8 * bound);
    }
    for (const [name, { data }] of state) {
      if (/norm\d?\.weight$/.test(name)) expect(new Set(data), name).toEqual(new Set([1]));
      else if (/gamma/.test(name)) expect(new Set(data), name).toEqual(new Set([Math.fround(0.1)]));
      else if (/bias$/.test(name) && !name.includes('patch_embed')) expect(new Set(data), name).toEqual(new Set([0]));
    }
    expect((await stateDict(createStudent(config, { seed: 1 }))).get('clip_decoder.1.head.weight')).toEqual(
      state.get('clip_decoder.1.head.weight'),
    );
  });
});

describe('a configuration', () => {
  it.each<readonly [string, Partial<StudentConfig>, RegExp]>([
    ['a width that its heads do not divide', { heads: 7 }, /heads must divide width, got 7 and 768/],
    ['no depth', { depth: 0 }, /depth must be a positive integer, got 0/],
    [
      'an image that is no multiple of the patch',
      { imageSize: 225 },
      /225x225 does not split into tubelets of 1x16x16/,
    ],
    ['frames that are no multiple of the tubelet', { tubelet: 3 }, /8 frames of 224x224 does not split/],
    ['more aligned layers than layers', { alignedLayers: 13 }, /13 layers at interval 1 do not fit a depth of 12/],
    ['a drop path rate of 1', { dropPath: 1 }, /rate must be in \[0, 1\)/],
    ['an unknown normalisation', { normalize: 'l1' as 'l2' }, /normalize must be 'l2' or 'none', got 'l1'/],
  ])('with %s is refused by name', (_, change, message) => {
    expect(() => studentConfig('B/16', change)).toThrow(message);
  });

  it('of an unknown size is refused', () => {
    expect(() => studentConfig('H/16' as 'B/16')).toThrow(/size 'H\/16' is none of B\/16, L\/16/);
  });
});
