/** One past the last element of a strided view, counted from its first; 0 when it has none. */
export function extentOf(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, length, axis) => last + (length - 1) * (strides[axis] ?? 0), 1);
}

/** Whether elements in row-major order lie one after the other. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const length = shape[axis] ?? 0;
    if (length !== 1 && strides[axis] !== step) return false;
    step *= length;
  }
  return true;
}

/**
 * Copies a strided view into row-major order, element by element as bits.
 *
 * @param bytes from the view's first element to its last
 * @param width of an element in bytes: 1, 2, 4 or 8
 * @param strides in elements
 */
export function gather(
  bytes: Uint8Array,
  width: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  // An element of 8 bytes is a row of two words: JavaScript's 64-bit arrays are slow or do not keep every bit.
  if (width === 8) return gather(bytes, 4, [...shape, 2], [...strides.map((stride) => 2 * stride), 1]);
  const Words = width === 4 ? Uint32Array : width === 2 ? Uint16Array : Uint8Array;
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  const buffer: ArrayBufferLike = aligned.buffer;
  const from = new Words(buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / width);
  const to = new Words(shape.reduce((count, length) => count * length, 1));
  const inner = shape.length - 1;
  const rowLength = shape[inner] ?? 1;
  const rowStride = strides[inner] ?? 1;
  const index = shape.map(() => 0);
  for (let written = 0, begin = 0; written < to.length;) {
    if (rowStride === 1 && rowLength > 8) to.set(from.subarray(begin, begin + rowLength), written);
    else for (let i = 0; i < rowLength; i++) to[written + i] = from[begin + i * rowStride] ?? 0;
    written += rowLength;
    for (let axis = inner - 1; axis >= 0; axis--) {
      const next = (index[axis] ?? 0) + 1;
      begin += strides[axis] ?? 0;
      if (next < (shape[axis] ?? 0)) {
        index[axis] = next;
        break;
      }
      begin -= next * (strides[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return new Uint8Array(to.buffer, to.byteOffset, to.byteLength);
}
