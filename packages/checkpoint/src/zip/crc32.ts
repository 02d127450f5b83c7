/** Remainders for one byte followed by 0 to 3 zero bytes: four bytes go in one step. */
const TABLES = [0, 1, 2, 3].map(() => new Uint32Array(256));

for (let byte = 0; byte < 256; byte++) {
  let remainder = byte;
  for (const table of TABLES) {
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
    table[byte] = remainder;
  }
}

const [T0 = new Uint32Array(256), T1 = T0, T2 = T0, T3 = T0] = TABLES;

/** The CRC-32 that zip archives have of their entries. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  let i = 0;
  for (const end = bytes.length - 3; i < end; i += 4) {
    crc ^= (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24);
    crc = (T3[crc & 255] ?? 0) ^ (T2[(crc >>> 8) & 255] ?? 0) ^ (T1[(crc >>> 16) & 255] ?? 0) ^ (T0[crc >>> 24] ?? 0);
  }
  for (; i < bytes.length; i++) crc = (T0[(crc ^ (bytes[i] ?? 0)) & 255] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}
