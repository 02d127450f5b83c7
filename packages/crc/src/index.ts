/** Reversed polynomial of CRC-32 (zip, PNG). */
const IEEE = 0xedb88320;
/** Reversed polynomial of CRC-32C. */
const CASTAGNOLI = 0x82f63b78;

/** Eight tables of 256: `tables[k * 256 + byte]` is the effect of `byte` followed by k zero bytes. */
function tablesOf(polynomial: number): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    tables[byte] = value;
  }
  for (let index = 256; index < tables.length; index++) {
    const before = tables[index - 256] ?? 0;
    tables[index] = (before >>> 8) ^ (tables[before & 0xff] ?? 0);
  }
  return tables;
}

/** Eight bytes at a time ("slicing by 8"). */
function checksum(tables: Uint32Array, bytes: Uint8Array, before: number): number {
  const at = (table: number, byte: number) => tables[table * 256 + (byte & 0xff)] ?? 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocksEnd = bytes.length - (bytes.length % 8);
  let crc = ~before;
  for (let i = 0; i < blocksEnd; i += 8) {
    const low = crc ^ view.getInt32(i, true);
    const high = view.getInt32(i + 4, true);
    crc =
      at(7, low) ^
      at(6, low >>> 8) ^
      at(5, low >>> 16) ^
      at(4, low >>> 24) ^
      at(3, high) ^
      at(2, high >>> 8) ^
      at(1, high >>> 16) ^
      at(0, high >>> 24);
  }
  for (let i = blocksEnd; i < bytes.length; i++) crc = (crc >>> 8) ^ at(0, crc ^ (bytes[i] ?? 0));
  return ~crc >>> 0;
}

let ieeeTables: Uint32Array | undefined;
let castagnoliTables: Uint32Array | undefined;

/**
 * CRC-32, as zip and PNG use it.
 *
 * @param before the checksum of the bytes before these, to go on; default that of none
 * @returns from 0 to 2^32 - 1
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  ieeeTables ??= tablesOf(IEEE);
  return checksum(ieeeTables, bytes, before);
}

/**
 * CRC-32C (Castagnoli), as TFRecord and iSCSI use it.
 *
 * @param before the checksum of the bytes before these, to go on; default that of none
 * @returns from 0 to 2^32 - 1
 */
export function crc32c(bytes: Uint8Array, before = 0): number {
  castagnoliTables ??= tablesOf(CASTAGNOLI);
  return checksum(castagnoliTables, bytes, before);
}
