import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layerDecay, scaleLearningRate, TrainOptionsError, warmupCosine, warmupStepsOf } from '../src/index.ts';
import fixture from './fixtures/schedules.json' with { type: 'json' };

describe('warm-up and cosine', () => {
  it('gives the reference values of pre-training, peak twice and the end never reached', () => {
    const expected = fixture['pretrain base=1.2e-3 final=8e-5 epochs=201 steps/epoch=100 warmup_epochs=40 start=0'];
    const rate = warmupCosine({ peak: 1.2e-3, final: 8e-5, start: 0, warmupSteps: 4000, totalSteps: 20100 });
    for (const [step, value] of Object.entries(expected)) expect(rate(Number(step))).toBeCloseTo(value, 15);
    expect(rate(3999)).toBe(rate(4000));
    expect(rate(20099)).toBeGreaterThan(8e-5);
  });

  it('gives the reference values of fine-tuning, which starts above zero', () => {
    const expected = fixture['finetune base=4e-5 final=2e-6 epochs=5 steps/epoch=100 warmup_epochs=1 start=2e-6'];
    const rate = warmupCosine({ peak: 4e-5, final: 2e-6, start: 2e-6, warmupSteps: 100, totalSteps: 500 });
    for (const [step, value] of Object.entries(expected)) expect(rate(Number(step))).toBeCloseTo(value, 15);
  });

  it('is numpy.linspace followed by the cosine at every step', () => {
    const sizes = fc.record({ warmupSteps: fc.integer({ min: 0, max: 30 }), rest: fc.integer({ min: 1, max: 60 }) });
    fc.assert(
      fc.property(sizes, ({ warmupSteps, rest }) => {
        const totalSteps = warmupSteps + rest;
        const rate = warmupCosine({ peak: 2, final: 0.5, start: 0.25, warmupSteps, totalSteps });
        for (let step = 0; step < totalSteps; step++) {
          const i = step - warmupSteps;
          const expected =
            i < 0
              ? 0.25 + (step * 1.75) / Math.max(1, warmupSteps - 1)
              : 0.5 + 0.75 * (1 + Math.cos((Math.PI * i) / rest));
          expect(rate(step)).toBeCloseTo(expected, 12);
        }
      }),
    );
  });

  it('refuses steps that the schedule has not', () => {
    const rate = warmupCosine({ peak: 1, final: 0, start: 0, warmupSteps: 0, totalSteps: 10 });
    expect(() => rate(10)).toThrow(/step 10 is outside 0 .. 9/);
    expect(() => rate(-1)).toThrow(RangeError);
  });

  it('refuses a warm-up longer than the run', () => {
    const shape = { peak: 1, final: 0, start: 0, warmupSteps: 11, totalSteps: 10 };
    expect(() => warmupCosine(shape)).toThrow(TrainOptionsError);
  });
});

describe('length of the warm-up', () => {
  it('takes steps before epochs, also where there are no epochs', () => {
    expect(warmupStepsOf({ warmupSteps: 7, warmupEpochs: 0 }, 100)).toBe(7);
    expect(warmupStepsOf({ warmupSteps: 7, warmupEpochs: 2 }, 100)).toBe(7);
    expect(warmupStepsOf({ warmupSteps: 0, warmupEpochs: 2 }, 100)).toBe(200);
    expect(warmupStepsOf({}, 100)).toBe(0);
  });
});

describe('learning rates', () => {
  it('scale with the effective batch as in the published recipes', () => {
    expect(scaleLearningRate(1.5e-4, 2048)).toBeCloseTo(1.2e-3, 15); // pre-training, 32 x 64 clips
    expect(scaleLearningRate(2e-4, 256, 2)).toBeCloseTo(4e-4, 15); // fine-tuning, 16 x 16 clips, 2 copies
  });

  it('decay by layer as in the reference', () => {
    const expected = fixture['layer_decay 0.75, depth 3'];
    const scale = layerDecay(0.75, 3);
    const names = [
      'patch_embed.proj.weight',
      'blocks.0.norm1.weight',
      'blocks.1.attn.q_bias',
      'blocks.2.mlp.fc1.weight',
    ];
    for (const [layer, name] of [...names, 'head.weight'].entries())
      expect(scale(name)).toBeCloseTo(expected[layer] ?? NaN, 15);
    expect([scale('pos_embed'), scale('transformer.resblocks.2.ln_1.bias')]).toEqual([0.75 ** 4, 0.75]);
    expect([scale('norm.weight'), scale('fc_norm.bias')]).toEqual([1, 1]);
    expect(layerDecay(1, 3)('patch_embed.proj.weight')).toBe(1);
  });
});
