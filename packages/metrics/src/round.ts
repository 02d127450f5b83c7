/**
 * A number as it comes back from a file with five decimals: the nearest, and where its exact value lies in the middle the
 * even one, as C and Python print it. `toFixed` takes the higher one there.
 */
export function roundToFiveDecimals(x: number): number {
  const rounded = Number(x.toFixed(5));
  // five decimals cut a double in the very middle only at odd multiples of 1 / 64
  const isTie = Math.abs((x * 64) % 2) === 1;
  if (!isTie) return rounded;
  const below = Math.floor(x * 1e5);
  return Number(((below % 2 === 0 ? below : below + 1) / 1e5).toFixed(5));
}
