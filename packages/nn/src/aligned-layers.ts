/**
 * The layers whose outputs student and teacher are compared on, ascending: depth - trunc(k * interval) - 1 for
 * k = 0 .. count - 1, so the last layer always belongs to them (UMT's return set; the interval may be fractional).
 *
 * @throws RangeError when a layer would be named twice or lie below the first
 */
export function alignedLayers(depth: number, count: number, interval: number): readonly number[] {
  const layers = Array.from({ length: count }, (_, k) => depth - Math.trunc(k * interval) - 1).reverse();
  const [first = -1] = layers;
  if (!(first >= 0) || new Set(layers).size !== count) {
    throw new RangeError(
      `aligned layers: ${count} layers at interval ${interval} do not fit a depth of ${depth}; choose fewer, or another interval`,
    );
  }
  return layers;
}
