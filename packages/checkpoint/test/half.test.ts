import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from '@umt/checkpoint';
import { fixtureJson } from './fixtures.ts';

/** SHA-256 of what numpy and ml_dtypes give for the same inputs. */
const digests = fixtureJson<{
  readonly float16ToFloat32: string;
  readonly bfloat16ToFloat32: string;
  readonly walkLength: number;
  readonly walkToFloat16: string;
  readonly walkToBfloat16: string;
  readonly midpointsToFloat16: string;
}>('halves.json');

const digest = (array: ArrayBufferView) =>
  createHash('sha256')
    .update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    .digest('hex');
const quiet = (values: Float32Array) => values.map((value) => (Number.isNaN(value) ? NaN : value));
const every = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

test('all 65536 half and bfloat16 values become the float32 that numpy gives', () => {
  expect(digest(quiet(float16ToFloat32(every)))).toBe(digests.float16ToFloat32);
  expect(digest(quiet(bfloat16ToFloat32(every)))).toBe(digests.bfloat16ToFloat32);
});

test('all 65536 values survive the way to float32 and back; NaN stays NaN of the same sign', () => {
  const isNaN16 = (bits: number) => (bits & 0x7fff) > 0x7c00;
  const back = float32ToFloat16(float16ToFloat32(every));
  expect(every.filter((bits) => back[bits] !== bits && !isNaN16(bits))).toHaveLength(0);
  expect(every.filter((bits) => isNaN16(bits) && !isNaN16(back[bits] ?? 0))).toHaveLength(0);
  const backB = float32ToBfloat16(bfloat16ToFloat32(every));
  const isNaNB = (bits: number) => (bits & 0x7fff) > 0x7f80;
  expect(every.filter((bits) => backB[bits] !== bits && !isNaNB(bits))).toHaveLength(0);
  expect(every.filter((bits) => isNaNB(bits) && !isNaNB(backB[bits] ?? 0))).toHaveLength(0);
});

test('rounds float32 of every exponent as numpy and ml_dtypes do', () => {
  const bits = Uint32Array.from({ length: 300_000 }, (_, i) => Math.imul(i, 2654435761)).filter(
    (value) => (value & 0x7fffffff) <= 0x7f800000,
  );
  const walk = new Float32Array(bits.buffer, bits.byteOffset, bits.length);
  expect(walk).toHaveLength(digests.walkLength);
  expect(digest(float32ToFloat16(walk))).toBe(digests.walkToFloat16);
  expect(digest(float32ToBfloat16(walk))).toBe(digests.walkToBfloat16);
});

test('ties between neighbouring halves go to even, and one step to either side to the nearer', () => {
  const finite = float16ToFloat32(every.subarray(0, 0x7c00));
  const middles = finite.subarray(1).map((value, i) => (value + (finite[i] ?? 0)) / 2);
  const step = (by: number) => {
    const bits = new Uint32Array(middles.slice().buffer).map((value) => value + by);
    return new Float32Array(bits.buffer);
  };
  const near = Float32Array.of(...step(-1), ...middles, ...step(1));
  expect(digest(float32ToFloat16(near))).toBe(digests.midpointsToFloat16);
});
