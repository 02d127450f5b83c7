import { inflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pretrainTiny } from '../src/recipes/pretrain-tiny.ts';
import { lineChart, smoothed } from '../src/report/chart.ts';
import { dataUri } from '../src/report/data-uri.ts';
import { escapeHtml, formatDuration, formatNumber } from '../src/report/format.ts';
import { encodePng } from '../src/report/png.ts';
import { renderReport } from '../src/report/render-report.ts';
import type { ReportData } from '../src/report/report-data.ts';
import { linearScale, logScale } from '../src/report/scale.ts';
import { summarize } from '../src/report/summarize.ts';

describe('PNG', () => {
  test('any picture comes back from the file, bit for bit', async () => {
    const picture = fc
      .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }), seed: fc.nat() })
      .map(({ width, height, seed }) => ({
        width,
        height,
        rgb: Uint8Array.from({ length: width * height * 3 }, (_, i) => (seed * i * i) >> 3),
      }));
    await fc.assert(
      fc.asyncProperty(picture, async ({ width, height, rgb }) => {
        expect(decodePng(await encodePng(width, height, rgb))).toEqual({ width, height, rgb });
      }),
      { numRuns: 40 },
    );
  });

  test('a picture of another size is refused', async () => {
    await expect(encodePng(2, 2, new Uint8Array(11))).rejects.toThrow('a picture of 2 x 2 has 12 bytes, not 11');
  });

  test('checksums are those of the standard: that of an empty IEND is ae426082', async () => {
    const bytes = await encodePng(1, 1, new Uint8Array(3));
    expect([...bytes.slice(-4)]).toEqual([0xae, 0x42, 0x60, 0x82]);
  });
});

/** A decoder written from the standard, for 8-bit RGB without interlace. */
function decodePng(file: Uint8Array): { width: number; height: number; rgb: Uint8Array } {
  const view = new DataView(file.buffer, file.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const dataAt = 33;
  const filtered = inflateSync(file.subarray(dataAt + 8, dataAt + 8 + view.getUint32(dataAt)));
  const stride = width * 3;
  const rgb = new Uint8Array(height * stride);
  const at = (x: number, y: number) => (x < 0 || y < 0 ? 0 : (rgb[y * stride + x] ?? 0));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < stride; x++) {
      const [a, b, c] = [at(x - 3, y), at(x, y - 1), x < 3 ? 0 : at(x - 3, y - 1)];
      const nearest = [a, b, c].reduce(
        (best, one) => (Math.abs(a + b - c - one) < Math.abs(a + b - c - best) ? one : best),
        a,
      );
      const prediction = [0, a, b, (a + b) >> 1, nearest][filtered[y * (stride + 1)] ?? 9] ?? Number.NaN;
      rgb[y * stride + x] = (filtered[y * (stride + 1) + 1 + x] ?? 0) + prediction;
    }
  }
  return { width, height, rgb };
}

describe('axes', () => {
  test('ticks are round, rising and inside', () => {
    const range = fc.tuple(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(range, ([low, span]) => {
        const { ticks, place } = linearScale(low, low + span);
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(12);
        for (const tick of ticks) {
          expect(place(tick)).toBeGreaterThan(-1e-6);
          expect(place(tick)).toBeLessThan(1 + 1e-6);
        }
      }),
    );
  });

  test('labels tell ticks apart, however near they are', () => {
    for (const [low, high] of [
      [1.993, 2.001],
      [0, 1.2e-3],
      [0, 250],
      [1e6, 1e6 + 40],
    ] as const) {
      const { ticks, label } = linearScale(low, high);
      expect(new Set(ticks.map(label)).size).toBe(ticks.length);
    }
  });

  test('a logarithmic axis puts equal factors at equal distances', () => {
    const { place, ticks } = logScale(0.05, 2);
    expect(place(0.2) - place(0.1)).toBeCloseTo(place(2) - place(1), 12);
    expect(ticks.map((tick) => Number(tick.toPrecision(6)))).toEqual([0.05, 0.1, 0.2, 0.5, 1, 2]);
  });
});

describe('numbers in words', () => {
  test.each([
    [0.0012, '0.0012'],
    [1234567, '1,230,000'],
    [0.00008, '8e-5'],
    [0, '0'],
    [Number.NaN, 'NaN'],
  ])('%d is %s', (value, text) => expect(formatNumber(value)).toBe(text));

  test.each([
    [3.14, '3.1 s'],
    [59.7, '1 min 0 s'],
    [185, '3 min 5 s'],
    [7800, '2 h 10 min'],
  ])('%d seconds are %s', (value, text) => expect(formatDuration(value)).toBe(text));
});

describe('charts', () => {
  test('a line has a point where each value stands, and no value is lost in a long series', () => {
    const points = Array.from({ length: 20_000 }, (_, x) => ({ x, y: x === 12_345 ? 50 : 1 + (x % 7) / 10 }));
    const html = lineChart({ title: 'loss', series: [{ name: 'a', kind: 'raw', points }], range: [0, 20_000] });
    const path = /<path class="raw" d="([^"]+)"/.exec(html)?.[1] ?? '';
    const heights = [...path.matchAll(/[ML][\d.]+ ([\d.]+)/g)].map((match) => Number(match[1]));
    expect(heights.length).toBeLessThan(2500);
    expect(Math.min(...heights)).toBeLessThan(30); // the spike reaches the top
  });

  test('values that are not finite leave no mark', () => {
    const points = [1, Number.NaN, 3].map((y, x) => ({ x, y }));
    const html = lineChart({ title: 'loss', series: [{ name: 'a', kind: 'plain', points }], range: [0, 2] });
    expect(/d="([^"]*)"/.exec(html)?.[1]?.match(/[ML]/g)).toHaveLength(2);
    expect(html).not.toMatch(/d="[^"]*NaN/);
  });

  test('the smooth curve is the mean of the values up to there', () => {
    const points = [4, 2, 6, 8].map((y, x) => ({ x, y }));
    expect(smoothed(points, 3).map(({ y }) => y)).toEqual([4, 3, 4, 16 / 3]);
  });
});

const STEPS = Array.from({ length: 240 }, (_, i) => ({
  step: i + 1,
  loss: 0.07 + 1.93 * Math.exp(-i / 45) * (1 + 0.08 * Math.sin(i * 12.9)),
  learningRate: i < 20 ? i * 5e-5 : 5e-4 * (1 + Math.cos((Math.PI * (i - 20)) / 220)),
  samplesPerSecond: 24 + Math.sin(i),
  dataWaitShare: 0.02,
}));

const REPORT: ReportData = {
  config: pretrainTiny(),
  device: 'wasm (SIMD), onnxruntime-node GEMM, 2 threads',
  date: new Date('2024-05-01T12:34:56Z'),
  outcome: 'done',
  totalSteps: 240,
  clipsPerStep: 8,
  skippedSteps: 0,
  steps: STEPS,
  heldOut: {
    videos: ['box-3.mp4', 'street-1.mp4'],
    clips: 16,
    evaluations: [40, 80, 120, 160, 200, 240].map((step) => ({ step, loss: 0.12 + 1.9 * Math.exp(-step / 50) })),
    blindLoss: 0.993,
  },
  clips: ['a & b.mp4', '<script>.mp4'].map((name, k) => ({
    name,
    strip: {
      width: 8 * 48,
      height: 48,
      rgb: Uint8Array.from({ length: 8 * 48 * 48 * 3 }, (_, i) => 128 + 100 * Math.sin(i / 500 + k) + (i % 3) * 8),
    },
    frames: 8,
    grid: 6,
    attention: Array.from({ length: 8 * 36 }, (_, i) => 0.02 + 0.01 * Math.sin(i)),
    visible: Array.from({ length: 64 }, (_, i) => Math.floor(i / 8) * 36 + ((i * 5) % 36)),
  })),
  trainingVideos: 8,
  brokenVideos: ['broken.mp4: not a video'],
  commands: [{ about: 'Go on:', command: 'umt pretrain "<a>"' }],
};

describe('the report', () => {
  test('is one page that asks for nothing: no address but data', async () => {
    const html = await renderReport(REPORT);
    const addresses = [...html.matchAll(/(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)/g)].map((match) => match[1] ?? '');
    expect(addresses.length).toBe(2);
    for (const address of addresses) expect(address).toMatch(/^data:image\/png;base64,/);
    expect(html).not.toMatch(/https?:/);
  });

  test('names come from files and are shown as text, never as markup', async () => {
    const html = await renderReport(REPORT);
    expect(html).toContain(escapeHtml('<script>.mp4'));
    expect(html).not.toContain('<script>.mp4');
    expect(html).not.toContain('<a>');
  });

  test('says plainly that a random teacher is random, and nothing of it with real weights', async () => {
    const random = 'The teacher of this run is a small CLIP with random weights.';
    expect(await renderReport(REPORT)).toContain(random);
    const real = { ...REPORT, config: pretrainTiny({ teacher: { weights: 'clip.safetensors' } }) };
    expect(await renderReport(real)).not.toContain(random);
  });

  test('shows held-out loss beside the guess that does not look', async () => {
    const html = await renderReport(REPORT);
    const share = Math.round((1 - (0.12 + 1.9 * Math.exp(-240 / 50)) / 0.993) * 100);
    expect(html).toContain(`${share} % below that of a guess that never sees a pixel`);
    const worse = {
      ...REPORT,
      heldOut: { videos: ['x'], clips: 1, blindLoss: 0.1, evaluations: [{ step: 1, loss: 0.2 }] },
    };
    expect(await renderReport(worse)).toContain('does not yet predict better');
  });

  test('draws one dimmed patch per token that was dropped', async () => {
    const html = await renderReport({ ...REPORT, clips: REPORT.clips.slice(0, 1) });
    expect(html.match(/class="masked"/g)).toHaveLength(8 * 36 - 64);
    expect(html).toContain('64 of 288 tokens');
  });

  test('stands even when the run was stopped before its first step', async () => {
    const html = await renderReport({ ...REPORT, outcome: 'stopped', steps: [], heldOut: null, clips: [] });
    expect(html).toContain('stopped after step 0 of 240');
    expect(html).toContain('nothing to draw yet');
  });

  test('its numbers are those of the steps', () => {
    const summary = summarize({
      ...REPORT,
      steps: STEPS.slice(0, 8).map((step, i) => ({ ...step, loss: i, samplesPerSecond: 4 })),
    });
    expect(summary).toMatchObject({
      window: 2,
      firstLoss: 0.5,
      lastLoss: 6.5,
      samplesPerSecond: 4,
      secondsPerStep: 2,
      seconds: 16,
      clips: 64,
    });
  });
});

test('a data address holds the bytes', () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i * 7);
  expect(Buffer.from(dataUri('x/y', bytes).replace('data:x/y;base64,', ''), 'base64').equals(Buffer.from(bytes))).toBe(
    true,
  );
});
