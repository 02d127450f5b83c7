import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CheckpointError, openSafetensors, readSafetensors } from '@umt/checkpoint';
import { container, fixtureBytes, fixtureJson, fromBase64 } from './fixtures.ts';

type Verdicts = Readonly<
  Record<string, { readonly bytes: string; readonly accepted: boolean; readonly reason: string }>
>;

const verdicts = fixtureJson<Verdicts>('hostile.json');
/** The format says that the header begins with '{'; the reference lets blanks through. */
const STRICTER = ['leading space'];
/** A dtype that is not known yet is listed, and its bytes can be read. The reference refuses the whole file. */
const MORE_LENIENT = ['lower-case dtype'];

const fails = (bytes: Uint8Array) =>
  openSafetensors(bytes).then(
    () => undefined,
    (error: unknown) => error,
  );

test.each(Object.entries(verdicts))(
  'agrees with the reference implementation on: %s',
  async (name, { bytes, accepted }) => {
    const error = await fails(fromBase64(bytes));
    const expected = STRICTER.includes(name) ? false : MORE_LENIENT.includes(name) ? true : accepted;
    if (expected) {
      expect(error).toBeUndefined();
    } else {
      expect(error).toBeInstanceOf(CheckpointError);
      expect((error as CheckpointError).message).toMatch(/^bytes in memory: [^\n]+$/);
    }
  },
);

test.each([
  [
    '{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}}',
    20,
    'tensor "a": shape [2, 3] of F32 takes 24 bytes, its range [0, 20] has 20',
  ],
  [
    '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
    7,
    'truncated: the tensors end at byte 70, the file at 69',
  ],
  ['{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 9, '1 bytes follow the last tensor: the file is damaged'],
  [
    '{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}',
    8,
    'tensor "a": its bytes begin at 4, and the tensor before it ends at 0',
  ],
  [
    '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}',
    2,
    'the header has the key "a" twice',
  ],
  ['{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', 1, 'the header has the key "dtype" twice'],
  ['{"__metadata__":{"k":"1","\\u006b":"2"}}', 0, 'the header has the key "k" twice'],
  ['{"a":', 0, 'the header is not JSON: '],
])('says in one line what is wrong with %s', async (header, data, message) => {
  const error = await fails(container(header, data));
  expect((error as CheckpointError).message).toContain(`bytes in memory: ${message}`);
});

test('names the file that the caller named, the tensor, and a zip for what it is', () => {
  expect(() => readSafetensors(container('{"x":7}'), 'teacher.safetensors')).toThrow(
    'teacher.safetensors: tensor "x": its entry',
  );
  expect(() => readSafetensors(Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0))).toThrow('a zip archive (a PyTorch file?)');
  const long = 'x'.repeat(5000);
  expect(() => readSafetensors(container(`{"${long}":7}`))).toThrow(`tensor "${'x'.repeat(80)}…"`);
});

test('refuses a header of 8 MB of open brackets, and any longer header', () => {
  const file = new Uint8Array(8_000_008).fill(0x5b);
  new DataView(file.buffer).setBigUint64(0, 8_000_001n, true);
  expect(() => readSafetensors(file)).toThrow('a header of 8000001 bytes is over the limit of 8 MB');
  new DataView(file.buffer).setBigUint64(0, 8_000_000n, true);
  file.set(new TextEncoder().encode('{"a\\"":'), 8);
  expect(() => readSafetensors(file)).toThrow('the header is nested too deeply');
});

test('gives the raw bytes of a dtype it does not know', async () => {
  const file = await openSafetensors(
    container('{"a":{"dtype":"F3","shape":[2],"data_offsets":[0,2]}}', Uint8Array.of(5, 6)),
  );
  expect(file.tensors.get('a')?.dtype).toBe('F3');
  expect(await file.readBytes('a')).toEqual(Uint8Array.of(5, 6));
  await expect(file.read('a')).rejects.toThrow('tensor "a": dtype "F3" is unknown: readBytes gives its raw bytes');
});

test('damaged files either open with every tensor inside the file or fail with a CheckpointError', async () => {
  const valid = fixtureBytes('reference.safetensors');
  const damage = fc.array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.integer({ min: 0, max: 255 })), {
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(damage, fc.option(fc.nat({ max: valid.length })), async (flips, cut) => {
      const file = valid.slice(0, cut ?? valid.length);
      for (const [position, value] of flips) if (position < file.length) file[position] = value;
      const opened = await openSafetensors(file).catch((error: unknown) => error);
      if (opened instanceof CheckpointError) return;
      if (opened instanceof Error) throw opened;
      for (const { begin, end } of (opened as Awaited<ReturnType<typeof openSafetensors>>).tensors.values()) {
        expect(begin >= 8 && begin <= end && end <= file.length).toBe(true);
      }
    }),
    { numRuns: 1500 },
  );
});

test('headers of arbitrary JSON never fail with anything but a CheckpointError', () => {
  const value = fc.oneof(
    fc.record(
      {
        dtype: fc.oneof(fc.constantFrom('F32', 'U8', 'F4', 'BOOL'), fc.jsonValue()),
        shape: fc.oneof(fc.array(fc.oneof(fc.nat({ max: 4 }), fc.double())), fc.jsonValue()),
        data_offsets: fc.oneof(fc.array(fc.nat({ max: 16 }), { maxLength: 3 }), fc.jsonValue()),
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(
      fc.dictionary(fc.oneof(fc.string(), fc.constant('__metadata__')), value),
      fc.nat({ max: 64 }),
      (header, data) => {
        try {
          readSafetensors(container(JSON.stringify(header), data));
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
      },
    ),
    { numRuns: 1500 },
  );
});
