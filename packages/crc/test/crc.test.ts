import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32, crc32c } from '../src/index.ts';

const text = (characters: string) => new TextEncoder().encode(characters);

/** Straight from the definition: one bit at a time. */
function bitwise(bytes: Uint8Array, polynomial: number): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('checksums', () => {
  test('equal the check values of the catalogue of CRCs', () => {
    expect(crc32(text('123456789'))).toBe(0xcbf43926);
    expect(crc32c(text('123456789'))).toBe(0xe3069283);
    expect(crc32(new Uint8Array())).toBe(0);
    expect(crc32c(new Uint8Array())).toBe(0);
  });

  test('CRC-32C equals the examples of RFC 3720, B.4', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c);
  });

  test('equal the definition, wherever the bytes lie in their buffer and however they are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), fc.nat(8), (all, at, skipped) => {
        const bytes = all.subarray(Math.min(skipped, all.length));
        const cut = Math.min(at, bytes.length);
        for (const [crc, polynomial] of [
          [crc32, 0xedb88320],
          [crc32c, 0x82f63b78],
        ] as const) {
          const expected = bitwise(bytes, polynomial);
          expect(crc(bytes)).toBe(expected);
          expect(crc(bytes.subarray(cut), crc(bytes.subarray(0, cut)))).toBe(expected);
        }
      }),
    );
  });

  test.skipIf(!('crc32' in zlib))('CRC-32 equals zlib on a megabyte', () => {
    const bytes = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * i) >> 3);
    expect(crc32(bytes)).toBe(zlib.crc32(bytes));
  });
});
