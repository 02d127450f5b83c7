import { describe, expect, test } from 'vitest';
import { ConfigError } from '../src/config/config-error.ts';
import { pretrainRecipe, pretrainRecipes } from '../src/recipes/index.ts';

describe('the published recipes', () => {
  // The table of released scripts: b16_ptk710_f8_res224 and l16_ptk710_f8_res224.
  test('B/16', () => {
    const config = pretrainRecipe('B/16')();
    expect(config).toMatchObject({
      video: { frames: 8, size: 224, sampling: 'sparse', flip: true, colorJitter: 0, repeats: 1 },
      student: { width: 768, depth: 12, heads: 12, patchSize: 16, mlpRatio: 4, dropPath: 0.1, layerScale: 0 },
      teacher: { width: 768, depth: 12, heads: 12, patchSize: 16, inputSize: 224, outputWidth: 512 },
      alignment: { layers: 6, studentInterval: 1, teacherInterval: 1, normalize: 'l2', loss: 'l2', weight: 1 },
      mask: { kind: 'attention', ratio: 0.8 },
      optimizer: {
        learningRate: 1.5e-4,
        minLearningRate: 1e-5,
        betas: [0.9, 0.95],
        epsilon: 1e-8,
        weightDecay: 0.05,
        clipNorm: null,
      },
      schedule: { epochs: 201, warmupEpochs: 40, warmupSteps: 0, maxSteps: null },
      data: { workers: 12 },
    });
  });

  test('L/16', () => {
    const config = pretrainRecipe('L/16')();
    expect(config).toMatchObject({
      video: { frames: 8, size: 224, flip: true },
      student: { width: 1024, depth: 24, heads: 16, patchSize: 16, dropPath: 0.2 },
      teacher: { width: 1024, depth: 24, heads: 16, patchSize: 14, inputSize: 196, outputWidth: 768 },
      schedule: { epochs: 201, warmupEpochs: 40 },
    });
  });

  test.each(['B/16', 'L/16'])('%s takes 2048 clips per step at 1.2e-3, falling to 8e-5', (name) => {
    const { batch, video, optimizer } = pretrainRecipe(name)();
    const clips = batch.size * batch.accumulation * video.repeats;
    expect(clips).toBe(2048);
    expect((optimizer.learningRate * clips) / 256).toBeCloseTo(1.2e-3, 12);
    expect((optimizer.minLearningRate * clips) / 256).toBeCloseTo(8e-5, 12);
  });
});

describe('recipes', () => {
  test.each([...pretrainRecipes])('%s is a configuration by itself and says its name', (name, recipe) => {
    expect(recipe().recipe).toBe(name);
  });

  test.each([...pretrainRecipes])('%s takes overrides and checks them', (_name, recipe) => {
    expect(recipe({ optimizer: { weightDecay: 0.1 }, data: { path: 'videos' } })).toEqual({
      ...recipe(),
      optimizer: { ...recipe().optimizer, weightDecay: 0.1 },
      data: { ...recipe().data, path: 'videos' },
    });
    expect(() => recipe({ optimizer: { weightDecay: -1 } })).toThrow(ConfigError);
  });

  test.each(['b16', 'B16', 'b/16', 'TINY'])('%s is found in any spelling', (name) => {
    expect(pretrainRecipe(name)().recipe.toLowerCase().replace('/', '')).toBe(name.toLowerCase().replace('/', ''));
  });

  test('a mistyped name is answered with the nearest', () => {
    expect(() => pretrainRecipe('tyni')).toThrow('no recipe is called tyni; did you mean tiny?');
    expect(() => pretrainRecipe('gigantic')).toThrow('no recipe is called gigantic; there is B/16, L/16, tiny');
  });
});
