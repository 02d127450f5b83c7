import { crc32 } from '@umt/crc';

/**
 * Encodes an RGB picture as PNG: 8 bits per channel, each row by the filter that leaves the smallest differences, deflated
 * by the platform's own `CompressionStream`.
 * @param rgb `height * width * 3` bytes, row by row
 */
export async function encodePng(width: number, height: number, rgb: Uint8Array): Promise<Uint8Array> {
  if (rgb.length !== width * height * 3) {
    throw new RangeError(`a picture of ${width} x ${height} has ${width * height * 3} bytes, not ${rgb.length}`);
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB, deflate, adaptive filters, not interlaced
  return concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', header),
    chunk('IDAT', await deflate(filterRows(width, height, rgb))),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/** Every row behind a byte that names its filter. */
function filterRows(width: number, height: number, rgb: Uint8Array): Uint8Array<ArrayBuffer> {
  const stride = width * 3;
  const filtered = new Uint8Array(height * (stride + 1));
  const above = new Uint8Array(stride);
  const candidate = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const row = rgb.subarray(y * stride, (y + 1) * stride);
    const at = y * (stride + 1);
    let least = Infinity;
    for (const [filter, predict] of PREDICTORS.entries()) {
      const size = applyFilter(row, above, predict, candidate);
      if (size >= least) continue;
      least = size;
      filtered[at] = filter;
      filtered.set(candidate, at + 1);
    }
    above.set(row);
  }
  return filtered;
}

type Predictor = (left: number, up: number, upperLeft: number) => number;

/** The five filters of the PNG standard, in its order: none, sub, up, average, Paeth. */
const PREDICTORS: readonly Predictor[] = [
  () => 0,
  (left) => left,
  (_left, up) => up,
  (left, up) => (left + up) >> 1,
  (left, up, upperLeft) => {
    const estimate = left + up - upperLeft;
    const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - upperLeft)];
    if (a <= b && a <= c) return left;
    return b <= c ? up : upperLeft;
  },
];

/** Writes a row's differences from its prediction; returns the sum of their absolute values. */
function applyFilter(row: Uint8Array, above: Uint8Array, predict: Predictor, out: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) {
    const prediction = predict(row[i - 3] ?? 0, above[i] ?? 0, above[i - 3] ?? 0);
    const difference = ((row[i] ?? 0) - prediction) & 0xff;
    out[i] = difference;
    sum += difference < 128 ? difference : 256 - difference;
  }
  return sum;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
