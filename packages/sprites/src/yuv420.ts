/**
 * A picture in the planes of H.264: Y, then U and V of half its width and height, BT.601 of limited range.
 *
 * @param rgb [size, size, 3]; the size is even
 */
export function toYuv420(rgb: Uint8Array, size: number): Uint8Array {
  const half = size / 2;
  const planes = new Uint8ClampedArray(size * size * 1.5); // rounds to the nearest
  const [u, v] = [size * size, size * size + half * half];
  for (let row = 0; row < half; row++) {
    for (let column = 0; column < half; column++) {
      let [red, green, blue] = [0, 0, 0];
      for (let corner = 0; corner < 4; corner++) {
        const pixel = (2 * row + (corner >> 1)) * size + 2 * column + (corner & 1);
        const [r, g, b] = [rgb[3 * pixel] ?? 0, rgb[3 * pixel + 1] ?? 0, rgb[3 * pixel + 2] ?? 0];
        planes[pixel] = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
        [red, green, blue] = [red + r / 4, green + g / 4, blue + b / 4];
      }
      const place = row * half + column;
      planes[u + place] = 128 + (-37.797 * red - 74.203 * green + 112 * blue) / 255;
      planes[v + place] = 128 + (112 * red - 93.786 * green - 18.214 * blue) / 255;
    }
  }
  return new Uint8Array(planes.buffer);
}
