import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../src/config/config-error.ts';
import { fieldsOf } from '../src/config/fields.ts';
import { mergeConfig, overrideAt } from '../src/config/merge-config.ts';
import { nearestName } from '../src/config/nearest.ts';
import { parsePretrainConfig, pretrainSchema } from '../src/config/pretrain-config.ts';
import { pretrainB16 } from '../src/recipes/pretrain-b16.ts';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';

/** The error of the tiny recipe with one field set to a value. */
function errorOf(field: string, value: unknown): ConfigError {
  const overrides = overrideAt(field.split('.'), value);
  try {
    parsePretrainConfig(mergeConfig(pretrainTiny(), overrides), 'my.json');
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`${field} = ${JSON.stringify(value)} was allowed`);
}

describe('a wrong value is answered with its field and what is allowed', () => {
  test.each([
    ['optimizer.learningRate', -1, 'my.json: optimizer.learningRate must be a number above 0, not -1'],
    ['optimizer.learningRate', 'fast', 'my.json: optimizer.learningRate must be a number above 0, not "fast"'],
    ['video.frames', 2.5, 'my.json: video.frames must be a whole number from 1 on, not 2.5'],
    ['video.flip', 'yes', 'my.json: video.flip must be true or false, not "yes"'],
    ['mask.kind', 'tub', 'my.json: mask.kind must be one of attention, tube, random, not "tub"'],
    ['mask.ratio', 1, 'my.json: mask.ratio must be a number from 0 to below 1, not 1'],
    ['optimizer.betas', [0.9], 'my.json: optimizer.betas must be two numbers from 0 to below 1, not [0.9]'],
    ['optimizer.betas', [0.9, 2], 'my.json: optimizer.betas must be two numbers from 0 to below 1, not 2'],
    ['optimizer.clipNorm', 0, 'my.json: optimizer.clipNorm must be a number above 0, or null (no clipping), not 0'],
    ['student', 3, /student must be an object with width, depth, heads, .*, not 3/],
    ['seed', Number.NaN, 'my.json: seed must be a whole number from 0 on, not NaN'],
  ])('%s = %j', (field, value, message) => {
    expect(errorOf(field, value).message).toMatch(message);
    expect(errorOf(field, value).message).not.toContain('\n');
  });

  test('several at once, in one line', () => {
    const overrides = { video: { frames: 0 }, seed: -1 };
    expect(() => pretrainTiny(overrides)).toThrow(/^seed must be .*; video\.frames must be [^\n]*$/);
  });

  test('the best checkpoints cannot be kept where nothing is measured', () => {
    const keepBest = { checkpoint: { keepBest: 1 } };
    expect(() => pretrainTiny({ ...keepBest, data: { heldOut: 0 } })).toThrow(
      /^checkpoint\.keepBest must be 0 without/,
    );
    expect(pretrainTiny({ ...keepBest, data: { heldOut: 1 } }).checkpoint.keepBest).toBe(1);
  });

  test('a field that is missing says so', () => {
    const { seed: _seed, ...rest } = pretrainTiny();
    expect(() => parsePretrainConfig(rest)).toThrow('seed must be a whole number from 0 on, not left out');
  });
});

describe('an unknown field is answered with the nearest', () => {
  test.each([
    ['optimizer.learningrate', 'optimizer.learningrate is not a field; did you mean optimizer.learningRate?'],
    ['optimizer.learning_rate', 'optimizer.learning_rate is not a field; did you mean optimizer.learningRate?'],
    ['vidoe', 'vidoe is not a field; did you mean video?'],
    ['learningRate', 'learningRate is not a field; did you mean optimizer.learningRate?'],
    ['mask.zebra', 'mask.zebra is not a field; there is mask.kind, mask.ratio'],
  ])('%s', (field, message) => {
    expect(errorOf(field, 1).message).toContain(message);
  });
});

describe('fields that do not go together', () => {
  test.each([
    ['student.heads', 5, 'student.width must be a multiple of student.heads (5), not 192'],
    ['teacher.heads', 7, 'teacher.width must be a multiple of teacher.heads (7), not 192'],
    ['video.size', 100, 'video.size must be a multiple of student.patchSize (16), not 100'],
    [
      'video.size',
      112,
      "teacher.inputSize must be 112, so that the teacher's 16-pixel patches make the student's grid",
    ],
    ['alignment.layers', 7, 'alignment.layers reaches below the first of 6 student layers; at most 6'],
    ['alignment.teacherInterval', 3.5, 'alignment.layers reaches below the first of 6 teacher layers; at most 2'],
    ['schedule.warmupEpochs', 31, 'schedule.warmupEpochs must be at most schedule.epochs (30), not 31'],
  ])('%s = %j', (field, value, message) => {
    expect(errorOf(field, value).message).toContain(message);
  });

  test('a schedule given in warm-up steps does not care for warm-up epochs', () => {
    expect(pretrainB16({ schedule: { epochs: 2, warmupSteps: 10 } }).schedule.epochs).toBe(2);
  });
});

describe('fields', () => {
  const fields = fieldsOf(pretrainSchema);

  test('every value of a recipe is a field, in the same order', () => {
    const names = (value: object, path: readonly string[] = []): string[] =>
      Object.entries(value).flatMap(([key, child]: [string, unknown]) =>
        typeof child === 'object' && child !== null && !Array.isArray(child)
          ? names(child, [...path, key])
          : [[...path, key].join('.')],
      );
    expect(fields.map(({ path }) => path.join('.')).sort()).toEqual(names(pretrainTiny()).sort());
  });

  test('each says what it is and allows', () => {
    for (const { about, allowed } of fields) {
      expect(about.length).toBeGreaterThan(10);
      expect(allowed).not.toBe('');
    }
  });

  test('know their kind', () => {
    const kinds = new Map(
      fields.map(({ path, kind, isNullable }) => [path.join('.'), `${kind}${isNullable ? '?' : ''}`]),
    );
    expect(kinds.get('video.flip')).toBe('boolean');
    expect(kinds.get('optimizer.betas')).toBe('numbers');
    expect(kinds.get('optimizer.clipNorm')).toBe('number?');
    expect(kinds.get('mask.kind')).toBe('choice');
    expect(kinds.get('teacher.weights')).toBe('text?');
  });
});

describe('merging', () => {
  test('goes by group, takes null, and leaves both sides as they were', () => {
    const base = Object.freeze({ a: Object.freeze({ b: 1, c: [1, 2] }), d: 4 });
    expect(mergeConfig(base, { a: { c: [3], b: undefined }, d: null })).toEqual({ a: { b: 1, c: [3] }, d: null });
  });
});

describe('the nearest name', () => {
  test.each([
    ['pretarin', 'pretrain'],
    ['device', 'devices'],
    ['LEARNING-RATE', 'learningRate'],
    ['xyzzy', undefined],
  ])('of %s is %s', (typed, expected) => {
    expect(nearestName(typed, ['devices', 'pretrain', 'learningRate'])).toBe(expected);
  });

  test('of a known name is that name, and one slip away is still found', () => {
    const known = fieldsOf(pretrainSchema).map(({ path }) => path.join('.'));
    const slip = fc.record({
      name: fc.constantFrom(...known),
      at: fc.nat(),
      kind: fc.constantFrom('drop', 'double', 'swap'),
    });
    fc.assert(
      fc.property(slip, ({ name, at, kind }) => {
        const i = at % (name.length - 1);
        const [before, letter, next, after] = [name.slice(0, i), name[i], name[i + 1], name.slice(i + 2)];
        const typed = {
          drop: `${before}${next}${after}`,
          double: `${before}${letter}${letter}${next}${after}`,
          swap: `${before}${next}${letter}${after}`,
        }[kind];
        expect(nearestName(name, known)).toBe(name);
        // A slip may turn one field's name into a neighbour of another (student.width and teacher.width are far apart).
        expect(nearestName(typed ?? '', known)).toBe(name);
      }),
    );
  });
});
