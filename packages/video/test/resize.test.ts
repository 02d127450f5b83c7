import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ColorMatrix,
  frameToTensor,
  type Picture,
  type PictureFormat,
  type ResizeFilter,
  resizeRgb,
  resizeRgbFixedPoint,
  rgbPicture,
  toRgb,
} from '../src/index.node.ts';

interface Case {
  readonly box: readonly [number, number, number, number];
  readonly width: number;
  readonly height: number;
  readonly filter: ResizeFilter;
}

/** Written by fixtures/make_resize.py. */
interface Fixture {
  readonly width: number;
  readonly height: number;
  readonly pillow: readonly (Case & { readonly bytes: string })[];
  readonly point: readonly (Case & { readonly green: readonly number[]; readonly opencv: string })[];
  readonly colors: readonly {
    readonly matrix: ColorMatrix;
    readonly fullRange: boolean;
    readonly bitDepth: number;
    readonly subsampling: readonly [number, number];
    readonly width: number;
    readonly height: number;
    readonly rgb: readonly number[];
  }[];
  readonly whole: readonly {
    readonly from: readonly [number, number];
    readonly to: readonly [number, number];
    readonly sha256: string;
  }[];
}

const fixture = JSON.parse(
  readFileSync(new URL('fixtures/resize.json', import.meta.url), 'utf8'),
) as unknown as Fixture;

const sample = (x: number, y: number, channel: number) =>
  (x * x * 7 + y * 13 + channel * 71 + ((x * y) % 31) * 5) % 256;

const { width, height } = fixture;
const imageOf = (width: number, height: number) => ({
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    sample(Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3),
  ),
  width,
  height,
});
const image = imageOf(width, height);
const picture = rgbPicture(image.data, width, height);

/** The picture's RGB in 0..255 as float32, before rounding. */
function levels(of: Picture, geometry: Partial<Case> & { width: number; height: number; antialias?: boolean }) {
  const out = new Float32Array(geometry.width * geometry.height * 3);
  frameToTensor(of, { ...geometry, mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] }, out);
  return out;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)));
  return largest;
}

const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));
const label = (c: Case) => `${c.filter} ${c.box.join(',')} -> ${c.width}x${c.height}`;

describe('against Pillow', () => {
  it.each(fixture.pillow.map((c) => [label(c), c] as const))('resizeRgb equals it bit for bit: %s', (_, c) => {
    expect(resizeRgb(image, c).data).toEqual(bytes(c.bytes));
  });

  it.each(fixture.pillow.filter((c) => c.filter === 'bilinear').map((c) => [label(c), c] as const))(
    'frameToTensor stays within one grey level: %s',
    (_, c) => {
      expect(largestDifference(levels(picture, c), bytes(c.bytes))).toBeLessThanOrEqual(1);
    },
  );

  it.each(fixture.pillow.filter((c) => c.filter === 'bicubic').map((c) => [label(c), c] as const))(
    'frameToTensor, which does not round between the passes, stays within one grey level on average and clips as it does: %s',
    (_, c) => {
      const ours = levels(picture, c);
      const theirs = bytes(c.bytes);
      const mean = ours.reduce((sum, value, i) => sum + Math.abs(value - (theirs[i] ?? 0)), 0) / ours.length;
      expect(mean).toBeLessThan(1);
      expect(Math.min(...ours)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...ours)).toBeLessThanOrEqual(255);
    },
  );
});

describe('against PyTorch and OpenCV, without antialiasing', () => {
  it.each(fixture.point.map((c) => [label(c), c] as const))('same geometry and border: %s', (_, c) => {
    const ours = levels(picture, { ...c, antialias: false });
    const green = ours.filter((_value, i) => i % 3 === 1);
    const clipped = c.green.map((value) => Math.min(255, Math.max(0, value)));
    expect(largestDifference(green, clipped)).toBeLessThan(0.01);
    expect(largestDifference(resizeRgb(image, { ...c, antialias: false }).data, bytes(c.opencv))).toBeLessThanOrEqual(
      1,
    );
  });
});

describe("OpenCV's fixed point", () => {
  it.each(fixture.whole.map((c) => [`${c.from.join('x')} -> ${c.to.join('x')}`, c] as const))(
    'resizeRgbFixedPoint equals it bit for bit: %s',
    (_, { from, to, sha256 }) => {
      const resized = resizeRgbFixedPoint(imageOf(...from), { width: to[0], height: to[1] });
      expect([resized.width, resized.height]).toEqual(to);
      expect(createHash('sha256').update(resized.data).digest('hex')).toBe(sha256);
    },
  );

  it.each(
    fixture.point.filter(({ filter, box }) => filter === 'bilinear' && box[0] === 0).map((c) => [label(c), c] as const),
  )('and level for level: %s', (_, c) => {
    expect(resizeRgbFixedPoint(image, c).data).toEqual(bytes(c.opencv));
  });

  it('refuses a size that is none', () => {
    expect(() => resizeRgbFixedPoint(image, { width: 0, height: 5 })).toThrow('cannot resize to 0x5');
  });
});

describe('colour', () => {
  const formats: Record<string, PictureFormat> = { '2,2': 'I420', '2,1': 'I422', '1,1': 'I444', '1,2': 'I440' };

  function yuvPicture(c: Fixture['colors'][number]): Picture {
    const plane = (w: number, h: number, channel: number) => {
      const data = c.bitDepth > 8 ? new Uint16Array((w + 3) * h) : new Uint8Array((w + 3) * h);
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) data[y * (w + 3) + x] = sample(x, y, channel) * 2 ** (c.bitDepth - 8);
      }
      return { data, stride: w + 3, width: w, height: h };
    };
    const chroma = [Math.ceil(c.width / c.subsampling[0]), Math.ceil(c.height / c.subsampling[1])] as const;
    return {
      width: c.width,
      height: c.height,
      format: formats[c.subsampling.join()] ?? 'I400',
      bitDepth: c.bitDepth,
      planes: [plane(c.width, c.height, 0), plane(...chroma, 1), plane(...chroma, 2)],
      colorSpace: { matrix: c.matrix, fullRange: c.fullRange },
    };
  }

  const name = (c: Fixture['colors'][number]) =>
    `${c.matrix} ${c.fullRange ? 'full' : 'limited'} ${c.bitDepth} bit ${formats[c.subsampling.join()]}`;

  it.each(fixture.colors.map((c) => [name(c), c] as const))(
    'equals the inverse of the standard matrix, chroma centred and interpolated: %s',
    (_, c) => {
      const yuv = yuvPicture(c);
      expect(largestDifference(levels(yuv, { width: c.width, height: c.height }), c.rgb)).toBeLessThan(0.005);
      expect(largestDifference(toRgb(yuv).data, c.rgb)).toBeLessThanOrEqual(0.505);
    },
  );

  it('reads NV12 as I420 with its chroma interleaved', () => {
    const c = fixture.colors.find((color) => color.subsampling.join() === '2,2');
    if (c === undefined) throw new Error('fixture has no 4:2:0 case');
    const i420 = yuvPicture(c);
    const [y, u, v] = i420.planes;
    if (y === undefined || u === undefined || v === undefined) throw new Error('three planes expected');
    const stride = u.width * 2;
    const interleaved = Uint8Array.from({ length: stride * u.height }, (_, i) => {
      const from = (i % 2 === 0 ? u : v).data;
      return from[Math.floor(i / stride) * u.stride + ((i % stride) >> 1)] ?? 0;
    });
    const nv12: Picture = {
      ...i420,
      format: 'NV12',
      planes: [y, { data: interleaved, stride, width: u.width, height: u.height }],
    };
    const geometry = { width: 5, height: 6, box: [1.25, 0.5, 8, 6.5] as const, filter: 'bicubic' as const };
    expect(levels(nv12, geometry)).toEqual(levels(i420, geometry));
  });

  it('reads planes whose rows lie differently apart', () => {
    const c = fixture.colors.find((color) => color.subsampling.join() === '2,2');
    if (c === undefined) throw new Error('fixture has no 4:2:0 case');
    const picture = yuvPicture(c);
    const [y, u, v] = picture.planes;
    if (y === undefined || u === undefined || v === undefined) throw new Error('three planes expected');
    const stride = v.stride + 4;
    const data = new Uint8Array(stride * v.height);
    for (let row = 0; row < v.height; row++) {
      data.set(v.data.subarray(row * v.stride, row * v.stride + v.width), row * stride);
    }
    const apart: Picture = { ...picture, planes: [y, u, { ...v, data, stride }] };
    const geometry = { width: 7, height: 5, box: [0.5, 1, 9, 7] as const };
    expect(levels(apart, geometry)).toEqual(levels(picture, geometry));
  });

  it('shows luma alone as grey', () => {
    const c = fixture.colors[0];
    if (c === undefined) throw new Error('fixture has no colour case');
    const color = yuvPicture(c);
    const grey: Picture = { ...color, format: 'I400', planes: color.planes.slice(0, 1) };
    const out = levels(grey, { width: 4, height: 3 });
    for (let i = 0; i < out.length; i += 3) expect([out[i], out[i + 2]]).toEqual([out[i + 1], out[i + 1]]);
  });

  it('converting before or after the resize agrees where nothing clips', () => {
    const size = 24;
    const smooth = (w: number, base: number, slope: number) => ({
      data: Uint8Array.from({ length: w * w }, (_, i) => base + (slope * ((i % w) + Math.floor(i / w))) / (2 * w)),
      stride: w,
      width: w,
      height: w,
    });
    const yuv: Picture = {
      width: size,
      height: size,
      format: 'I420',
      bitDepth: 8,
      planes: [smooth(size, 90, 60), smooth(size / 2, 110, 30), smooth(size / 2, 140, -30)],
      colorSpace: { matrix: 'bt601', fullRange: false },
    };
    const box = [2, 3, 22, 23] as const;
    const after = levels(yuv, { box, width: 9, height: 9 });
    const before = resizeRgb(toRgb(yuv), { box, width: 9, height: 9 });
    // The one difference left is at the cut: resizing planes reads the chroma sample that the box's edge halves.
    expect(largestDifference(after, before.data)).toBeLessThan(2);
  });
});

describe('frameToTensor', () => {
  it('normalises with the ImageNet constants by default and writes at the offset only', () => {
    const out = new Float32Array(2 * 4 * 3 + 10).fill(7);
    frameToTensor(picture, { width: 4, height: 2 }, out, 5);
    const raw = levels(picture, { width: 4, height: 2 });
    const constants = [
      [0.485, 0.229],
      [0.456, 0.224],
      [0.406, 0.225],
    ] as const;
    const expected = raw.map((value, i) => {
      const [mean, std] = constants[i % 3] ?? [0, 0];
      return (value / 255 - mean) / std;
    });
    expect(largestDifference(out.slice(5, 29), expected)).toBeLessThan(1e-5);
    expect([...out.slice(0, 5), ...out.slice(29)]).toEqual(new Array(10).fill(7));
  });

  it('flips as mirroring the result does', () => {
    const plain = new Float32Array(6 * 5 * 3);
    const flipped = new Float32Array(6 * 5 * 3);
    frameToTensor(picture, { width: 6, height: 5, box: [1, 2, 20, 21] }, plain);
    frameToTensor(picture, { width: 6, height: 5, box: [1, 2, 20, 21], flip: true }, flipped);
    for (let i = 0; i < plain.length; i++) {
      const [y, x, c] = [Math.floor(i / 18), Math.floor(i / 3) % 6, i % 3];
      expect(flipped[y * 18 + (5 - x) * 3 + c]).toBe(plain[i]);
    }
  });

  it('keeps a constant picture constant under any box, size, filter and antialiasing', () => {
    const grey = rgbPicture(new Uint8Array(31 * 23 * 4).fill(99), 31, 23);
    const span = (size: number) =>
      fc
        .tuple(fc.double({ min: 0, max: size - 1, noNaN: true }), fc.double({ min: 0.01, max: 1, noNaN: true }))
        .map(([from, part]) => [from, Math.min(size, from + 0.5 + part * (size - from - 0.5))] as const);
    fc.assert(
      fc.property(
        span(31),
        span(23),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom<ResizeFilter>('bilinear', 'bicubic'),
        fc.boolean(),
        ([x0, x1], [y0, y1], w, h, filter, antialias) => {
          const out = levels(grey, { box: [x0, y0, x1, y1], width: w, height: h, filter, antialias });
          expect(Math.max(...out.map((value) => Math.abs(value - 99)))).toBeLessThan(1e-4);
        },
      ),
    );
  });

  it('says what does not fit', () => {
    const out = new Float32Array(12);
    expect(() => frameToTensor(picture, { width: 2, height: 3 }, out)).toThrow('does not fit an array of 12 values');
    expect(() => frameToTensor(picture, { width: 2, height: 2, box: [0, 0, 38, 2] }, out)).toThrow(
      'box [0, 0, 38, 2] is no part of a 37x29 picture',
    );
    expect(() => frameToTensor(picture, { width: 0, height: 2 }, out)).toThrow('cannot resize to 0x2');
    expect(() => rgbPicture(new Uint8Array(10), 2, 2)).toThrow('10 bytes are no 2x2 picture');
  });
});
