import { describe, expect, test } from 'vitest';
import { ConfigError } from '../src/config/config-error.ts';
import { finetuneRecipe, finetuneRecipes } from '../src/recipes/finetune/index.ts';

// The table of the released scripts. Rates are those after scaling by the global batch: peak, and minimum = warm-up's start.
const TABLE = `
recipe                                      model classes frames size gpus batch samples peak   least epochs warmup drop  layer wd   recomputed views
b16_ptk710_ftk710_f8_res224                 B     710     8      224  16   16    2       4e-4   2e-6  35     2      0.1   0.75  0.05 0          4x3
l16_ptk710_ftk710_f8_res224                 L     710     8      224  16   16    2       2e-4   2e-6  20     2      0.2   0.85  0.05 12         4x3
b16_ptk710_ftk710_ftk400_f8_res224          B     400     8      224  16   16    2       4e-5   2e-6  5      1      0.1   0.75  0.05 0          4x3
l16_ptk710_ftk710_ftk400_f8_res224          L     400     8      224  16   16    2       2e-5   2e-6  5      1      0.2   0.85  0.05 12         4x3
l16_ptk710_ftk710_ftk400_f16_res224         L     400     16     224  16   8     2       1e-5   1e-6  5      1      0.2   0.85  0.05 16         4x1
b16_ptk710_ftk710_ftk600_f8_res224          B     600     8      224  16   16    2       4e-5   2e-6  5      1      0.1   0.75  0.05 0          4x3
l16_ptk710_ftk710_ftk600_f8_res224          L     600     8      224  16   16    2       2e-5   2e-6  5      1      0.2   0.85  0.05 12         4x3
l16_ptk710_ftk710_ftk600_f16_res224         L     600     16     224  16   8     2       1e-5   1e-6  5      1      0.2   0.85  0.05 16         4x1
b16_ptk710_ftk710_ftk700_f8_res224          B     700     8      224  16   16    2       4e-5   2e-6  5      1      0.1   0.75  0.05 0          4x3
l16_ptk710_ftk710_ftk700_f8_res224          L     700     8      224  16   16    2       2e-5   2e-6  5      1      0.2   0.85  0.05 12         4x3
l16_ptk710_ftk710_ftk700_f16_res224         L     700     16     224  16   8     2       1e-5   1e-6  5      1      0.2   0.85  0.05 16         4x1
b16_ptk710_ftk710_ftk400_ftmitv1_f8_res224  B     339     8      224  16   32    1       2e-4   2e-6  40     5      0.1   0.75  0.05 0          4x3
l16_ptk710_ftk710_ftk400_ftmitv1_f8_res224  L     339     8      224  16   32    1       2e-4   2e-6  20     5      0.2   0.85  0.05 12         4x3
b16_ptk710_ftk710_ftk400_ftmitv1_f8_res384  B     339     8      384  16   16    1       1e-5   1e-6  4      1      0.1   0.75  0.1  8          4x3
l16_ptk710_ftk710_ftk400_ftmitv1_f8_res384  L     339     8      384  16   8     1       5e-6   5e-7  4      1      0.2   0.85  0.1  18         6x3
b16_ptk710_ftssv2_f8_res224                 B     174     8      224  16   16    2       4e-4   2e-6  30     5      0.1   0.75  0.05 0          2x3
l16_ptk710_ftssv2_f8_res224                 L     174     8      224  16   16    2       8e-4   2e-6  14     4      0.2   0.85  0.05 12         2x3
`;
const [HEADER = '', ...LINES] = TABLE.trim().split('\n');
const COLUMNS = HEADER.split(/ +/);
const ROWS = LINES.map((line) => {
  const cells = line.split(/ +/);
  return new Map(COLUMNS.map((column, i) => [column, cells[i] ?? '']));
});

describe('the published fine-tuning recipes', () => {
  test('are 17', () => {
    expect(ROWS).toHaveLength(17);
    expect([...finetuneRecipes.keys()]).toEqual(['tiny', ...ROWS.map((row) => row.get('recipe'))]);
  });

  test.each(ROWS.map((row) => [row.get('recipe') ?? '', row] as const))(
    '%s has the values of its script',
    (name, row) => {
      const value = (column: string) => Number(row.get(column));
      const config = finetuneRecipe(name)();
      const { batch, augmentation, optimizer, schedule, evaluation } = config;
      const scale = (batch.size * batch.accumulation * augmentation.repeats) / 256;
      expect(batch).toEqual({ size: value('batch'), accumulation: value('gpus') });
      expect(augmentation.repeats).toBe(value('samples'));
      expect(optimizer.learningRate * scale).toBeCloseTo(value('peak'), 14);
      expect(optimizer.minLearningRate * scale).toBeCloseTo(value('least'), 14);
      expect(schedule.warmupLearningRate * scale).toBeCloseTo(value('least'), 14);
      expect(`${evaluation.clips}x${evaluation.crops}`).toBe(row.get('views'));
      expect(config).toMatchObject({
        recipe: name,
        method: 'full',
        data: { classes: value('classes'), separator: /ssv2|mitv1/.test(name) ? 'space' : 'comma' },
        video: {
          frames: value('frames'),
          size: value('size'),
          sampling: name.includes('ssv2') ? 'segments' : 'sparse',
        },
        model: {
          ...(row.get('model') === 'B' ? { width: 768, depth: 12, heads: 12 } : { width: 1024, depth: 24, heads: 16 }),
          patchSize: 16,
          tubelet: 1,
          dropPath: value('drop'),
          headScale: 0.001,
          recomputedBlocks: value('recomputed'),
        },
        schedule: { epochs: value('epochs'), warmupEpochs: value('warmup') },
        optimizer: {
          layerDecay: value('layer'),
          weightDecay: value('wd'),
          betas: [0.9, 0.999],
          epsilon: 1e-8,
          clipNorm: null,
        },
        // what all of them share
        augmentation: { randAugment: 'rand-m7-n4-mstd0.5-inc1', erasing: 0.25, flip: !name.includes('ssv2') },
        mixing: { mixup: 0.8, cutmix: 1, probability: 1, switchProbability: 0.5 },
        loss: { kind: 'cross-entropy', smoothing: 0.1, classWeights: 'none' },
        averaging: { decay: null },
      });
    },
  );
});

describe('fine-tuning recipes', () => {
  test.each([...finetuneRecipes])('%s takes overrides and checks them', (name, recipe) => {
    expect(recipe().recipe).toBe(name);
    expect(recipe({ data: { path: 'videos' } }).data.path).toBe('videos');
    expect(() => recipe({ optimizer: { layerDecay: 0 } })).toThrow(ConfigError);
  });

  test('a mistyped name is answered with the nearest', () => {
    expect(() => finetuneRecipe('b16_ptk710_ftssv2_f8_res244')).toThrow('did you mean b16_ptk710_ftssv2_f8_res224?');
  });
});

describe('fields that do not go together', () => {
  test.each([
    [{ model: { heads: 5 } }, 'model.width must be a multiple of model.heads (5), not 128'],
    [{ video: { size: 30 } }, 'video.size must be a multiple of model.patchSize (8), not 30'],
    [{ video: { frames: 7 } }, 'video.frames must be a multiple of model.tubelet (4), not 7'],
    [{ model: { recomputedBlocks: 4 } }, 'model.recomputedBlocks must be at most model.depth (3), not 4'],
    [
      { batch: { size: 3 }, mixing: { probability: 1 } },
      'batch.size must make an even number of clips for mixing, not 3',
    ],
    [
      { loss: { classWeights: 'balanced' as const }, mixing: { probability: 1 } },
      'loss.classWeights must be none where clips are mixed',
    ],
    [{ evaluation: { shortSide: 20 } }, 'evaluation.shortSide must be at least video.size (48), not 20'],
    [{ method: 'linear-probe' as const }, 'from.weights must name a checkpoint for a linear-probe'],
    [{ schedule: { warmupEpochs: 99 } }, 'schedule.warmupEpochs must be at most schedule.epochs (20), not 99'],
    [{ augmentation: { scale: [1, 0.5] as const } }, 'augmentation.scale must have the smaller number first'],
  ])('%j', (overrides, message) => {
    expect(() => finetuneRecipe('tiny')(overrides)).toThrow(message);
  });
});
