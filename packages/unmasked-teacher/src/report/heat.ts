/** The "inferno" colour map at even steps, dark to bright. */
const COLORS: readonly (readonly [number, number, number])[] = [
  [0, 0, 4],
  [40, 11, 84],
  [101, 21, 110],
  [159, 42, 99],
  [212, 72, 66],
  [245, 125, 21],
  [250, 193, 39],
  [252, 255, 164],
];

/** The colour of a heat from 0 to 1, as CSS writes it. */
export function heatColor(heat: number): string {
  const place = Math.min(Math.max(heat, 0), 1) * (COLORS.length - 1);
  const at = Math.min(Math.floor(place), COLORS.length - 2);
  const [low, high] = [COLORS[at] ?? [0, 0, 0], COLORS[at + 1] ?? [0, 0, 0]];
  const mix = (channel: 0 | 1 | 2) => Math.round(low[channel] + (high[channel] - low[channel]) * (place - at));
  return `rgb(${mix(0)} ${mix(1)} ${mix(2)})`;
}
