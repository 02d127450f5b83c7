import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShardError } from '../src/index.ts';
import {
  parseShardFileIndex,
  parseShardIndex,
  parseShardSampleMeta,
  serializeShardJson,
  type ShardFileIndex,
  type ShardIndex,
  type ShardSampleMeta,
} from '../src/shards/format.ts';

const crc = fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((value) => value.toString(16).padStart(8, '0'));
const count = fc.integer({ min: 1, max: 1e6 });
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const text = fc.string({ minLength: 1 });

const shard = fc.record({ file: name, index: name, bytes: count, samples: count, crc32c: crc, indexCrc32c: crc });
const index: fc.Arbitrary<ShardIndex> = fc
  .record(
    {
      version: fc.constant(1 as const),
      name,
      encoding: fc.constantFrom('jpeg' as const, 'rgb' as const),
      shortSide: count,
      frames: count,
      classes: fc.array(text),
      shards: fc.array(shard, { minLength: 1, maxLength: 5 }),
    },
    { requiredKeys: ['version', 'name', 'encoding', 'shortSide', 'frames', 'shards'] },
  )
  .map((one) => ({ ...one, samples: one.shards.reduce((sum, { samples }) => sum + samples, 0) }));

const range = fc.tuple(fc.nat(1e6), fc.nat(1e6));
const sideFile: fc.Arbitrary<ShardFileIndex> = fc.record({
  version: fc.constant(1 as const),
  samples: fc.array(
    fc.record({
      ...{ key: text, json: range, frames: fc.array(range, { minLength: 1, maxLength: 4 }) },
      ...{ crc32c: crc, width: count, height: count },
    }),
  ),
});

const amount = fc.double({ min: 0, max: 1e6, noNaN: true });
const meta: fc.Arbitrary<ShardSampleMeta> = fc
  .record(
    {
      ...{ path: text, label: fc.integer(), labels: fc.array(fc.nat()), captions: fc.array(fc.string()) },
      ...{ question: text, answers: fc.array(fc.string()), width: count, height: count },
      ...{
        sourceFrames: fc.array(fc.nat(), { minLength: 1 }),
        sourceFrameCount: count,
        fps: amount,
        durationSeconds: amount,
      },
    },
    { requiredKeys: ['path', 'width', 'height', 'sourceFrames', 'sourceFrameCount', 'fps', 'durationSeconds'] },
  )
  .map((one) => ({ ...one, frameCount: one.sourceFrames.length }));

/** JSON has no -0. */
const plain = <T>(value: T): unknown => JSON.parse(JSON.stringify(value));

describe('what is written is read back', () => {
  test('of an index', () => {
    fc.assert(fc.property(index, (one) => void expect(parseShardIndex(serializeShardJson(one), 'i')).toEqual(one)));
  });
  test('of a side file', () => {
    fc.assert(
      fc.property(sideFile, (one) => void expect(parseShardFileIndex(serializeShardJson(one), 'i', 3e6)).toEqual(one)),
    );
  });
  test('of a description', () => {
    fc.assert(
      fc.property(meta, (one) => void expect(parseShardSampleMeta(serializeShardJson(one), 'i')).toEqual(plain(one))),
    );
  });
});

describe('what is anything else is refused in one line that names file and field', () => {
  const good = {
    ...{ version: 1, name: 'a', encoding: 'jpeg', shortSide: 1, samples: 2, frames: 2 },
    shards: [{ file: 'a.tar', index: 'a.json', bytes: 9, samples: 2, crc32c: '00000000', indexCrc32c: 'ffffffff' }],
  };
  const [first] = good.shards;

  test.each<[unknown, string]>([
    [undefined, 'at/index.json: not JSON: '],
    [[], 'at/index.json: the file must be a JSON object, got []'],
    [{ ...good, version: 2 }, 'at/index.json: it has version 2; this program reads version 1: install a newer one'],
    [{ ...good, encoding: 'png' }, 'at/index.json: "encoding" must be jpeg or rgb, got "png"'],
    [{ ...good, samples: 3 }, 'at/index.json: "samples" is 3, but its shards have 2'],
    [{ ...good, frames: 1.5 }, 'at/index.json: "frames" must be a whole number from 1 on, got 1.5'],
    [{ ...good, classes: [1] }, 'at/index.json: "classes" must be a list of texts, got [1]'],
    [{ ...good, shards: {} }, 'at/index.json: "shards" must be a list, got {}'],
    [{ ...good, shards: [null] }, 'at/index.json: "shards[0]" must be a JSON object, got null'],
    [
      { ...good, shards: [{ ...first, file: '../a.tar' }] },
      'at/index.json: shards[0]: "file" must be a file beside the index, got "../a.tar"',
    ],
    [
      { ...good, shards: [{ ...first, crc32c: 'FFFFFFFF' }] },
      'at/index.json: "shards[0].crc32c" must be 8 hex digits, got "FFFFFFFF"',
    ],
  ])('%j', (value, message) => {
    const text = value === undefined ? '{"a":' : JSON.stringify(value);
    const parse = () => parseShardIndex(text, 'at/index.json');
    expect(parse).toThrow(ShardError);
    expect(parse).toThrow(message);
  });

  test('side files whose ranges pass the end of the tar file, and samples without frames', () => {
    const sample = { key: 'k', json: [0, 5], frames: [[512, 100]], crc32c: '00000000', width: 1, height: 1 };
    const parse = (one: unknown, bytes: number) => () =>
      parseShardFileIndex(JSON.stringify({ version: 1, samples: [one] }), 'a', bytes);
    expect(parse(sample, 612)).not.toThrow();
    expect(parse(sample, 611)).toThrow('a: samples[0]: a range ends at byte 612 of a tar file of 611');
    expect(parse({ ...sample, frames: [] }, 612)).toThrow('a: samples[0]: it has no frames');
    expect(parse({ ...sample, frames: [[-1, 4]] }, 612)).toThrow('"samples[0].frames" must be a list of ranges');
  });

  test('whatever is read: a value of the kind or a ShardError, never anything else', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        for (const parse of [parseShardIndex, parseShardSampleMeta]) {
          try {
            parse(text, 'any');
          } catch (error) {
            expect(error).toBeInstanceOf(ShardError);
            expect((error as Error).message).toMatch(/^any: [^\n]+$/);
          }
        }
      }),
    );
  });
});
