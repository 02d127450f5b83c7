/** The header is padded to a multiple of this. */
const ALIGNMENT = 64;
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0];

/**
 * What comes before the samples of a NumPy array of bytes in C order: `.npy`, version 1.0.
 *
 * @param shape sizes of the array, slowest axis first
 */
export function npyHeader(shape: readonly number[]): Uint8Array {
  const description = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const start = MAGIC.length + 2;
  const length = Math.ceil((start + description.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = new Uint8Array(length).fill(0x20);
  header.set(MAGIC);
  new DataView(header.buffer).setUint16(MAGIC.length, length - start, true);
  header.set(new TextEncoder().encode(description), start);
  header[length - 1] = 0x0a;
  return header;
}
