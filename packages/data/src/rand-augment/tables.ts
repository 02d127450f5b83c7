import type { RgbImage } from '@umt/video';

/** Replaces every value by its entry: [256] for all channels, or [3 * 256], one table per channel. */
export function applyTable({ data }: RgbImage, table: Uint8Array, target: Uint8Array): void {
  const green = table.length === 256 ? 0 : 256;
  const blue = 2 * green;
  for (let i = 0; i < data.length; i += 3) {
    target[i] = table[data[i] as number] as number;
    target[i + 1] = table[green + (data[i + 1] as number)] as number;
    target[i + 2] = table[blue + (data[i + 2] as number)] as number;
  }
}

/** A table of 256 values, each limited to 0..255 and cut to a whole number. */
const tableOf = (value: (level: number) => number): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, level) => Math.trunc(Math.min(255, Math.max(0, value(level)))));

/** Pillow's `ImageOps.invert`. */
export const INVERT_TABLE = tableOf((level) => 255 - level);

/** Pillow's `ImageOps.posterize`: keeps the highest bits. */
export const posterizeTable = (bits: number): Uint8Array =>
  tableOf((level) => (bits >= 8 ? level : level & ~((1 << (8 - bits)) - 1)));

/** Pillow's `ImageOps.solarize`: inverts what is at the threshold or above. */
export const solarizeTable = (threshold: number): Uint8Array =>
  tableOf((level) => (level < threshold ? level : 255 - level));

/** Adds to what is below 128. */
export const solarizeAddTable = (added: number): Uint8Array =>
  tableOf((level) => (level < 128 ? level + added : level));

/** Pillow's `ImageOps.autocontrast`: stretches each channel to 0..255. One table per channel. */
export function autoContrastTables(image: RgbImage): Uint8Array {
  return channelTables(image, (counts) => {
    const low = counts.findIndex((count) => count > 0);
    const high = counts.findLastIndex((count) => count > 0);
    if (high <= low) return tableOf((level) => level);
    const scale = 255 / (high - low);
    const offset = -low * scale;
    return tableOf((level) => level * scale + offset);
  });
}

/** Pillow's `ImageOps.equalize`: levels each channel's histogram. One table per channel. */
export function equalizeTables(image: RgbImage): Uint8Array {
  return channelTables(image, (counts) => {
    const last = counts.findLast((count) => count > 0) ?? 0;
    const step = Math.floor((image.width * image.height - last) / 255);
    if (step === 0) return tableOf((level) => level);
    let below = Math.floor(step / 2);
    const table = new Uint8Array(256);
    for (let level = 0; level < 256; level++) {
      table[level] = Math.min(255, Math.floor(below / step));
      below += counts[level] as number;
    }
    return table;
  });
}

function channelTables({ data }: RgbImage, tableFor: (counts: Uint32Array) => Uint8Array): Uint8Array {
  const counts = new Uint32Array(768);
  for (let i = 0; i < data.length; i += 3) {
    const [red, green, blue] = [data[i] as number, 256 + (data[i + 1] as number), 512 + (data[i + 2] as number)];
    counts[red] = (counts[red] as number) + 1;
    counts[green] = (counts[green] as number) + 1;
    counts[blue] = (counts[blue] as number) + 1;
  }
  const tables = new Uint8Array(768);
  for (let at = 0; at < 768; at += 256) tables.set(tableFor(counts.subarray(at, at + 256)), at);
  return tables;
}
