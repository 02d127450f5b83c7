import { formatNumber } from './format.ts';

/** Maps values to places along an axis. */
export interface Scale {
  /** The place of a value: 0 at the axis's start, 1 at its end. */
  place(value: number): number;
  /** Round values to label. */
  readonly ticks: readonly number[];
  /** A tick in words, with as many digits as tell it from the next. */
  label(tick: number): string;
}

/** An even axis that covers `low` to `high` and has about `count` round ticks inside. */
export function linearScale(low: number, high: number, count = 5): Scale {
  const span = high > low ? high - low : 1;
  const step = roundStep(span / count);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= low + span * 1.0000001; i++) ticks.push(i * step);
  const digits = Math.max(3, Math.ceil(Math.log10(Math.max(Math.abs(low), Math.abs(high)) / step)) + 1);
  return { place: (value) => (value - low) / span, ticks, label: (tick) => formatNumber(tick, digits) };
}

/** A logarithmic axis; both ends above 0. Ticks are 1, 2 and 5 times powers of ten, or fewer where they would crowd. */
export function logScale(low: number, high: number): Scale {
  const [from, to] = [Math.log(low), Math.log(high > low ? high : low * 10)];
  const inside = (factors: readonly number[]) => {
    const ticks: number[] = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
      for (const factor of factors) {
        const tick = factor * 10 ** power;
        if (tick >= low * 0.999999 && tick <= high * 1.000001) ticks.push(tick);
      }
    }
    return ticks;
  };
  const fine = inside([1, 2, 5]);
  const place = (value: number) => (Math.log(value) - from) / (to - from);
  return { place, ticks: fine.length > 8 ? inside([1]) : fine, label: (tick) => formatNumber(tick) };
}

/** 1, 2 or 5 times a power of ten, not far from `rough`. */
function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = rough / power;
  return power * (factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10);
}
