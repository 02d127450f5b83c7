/** Mark of an entry's own header, before its data. */
export const LOCAL_HEADER = 0x04034b50;
/** Fixed part of an entry's own header. */
export const LOCAL_HEADER_BYTES = 30;
/** Mark of an entry of the directory. */
export const CENTRAL_HEADER = 0x02014b50;
/** Mark of the record at the end. */
export const END = 0x06054b50;
/** Fixed part of the record at the end. */
export const END_BYTES = 22;
/** Mark of the end record with 64-bit fields. */
export const END_64 = 0x06064b50;
/** The end record with 64-bit fields. */
export const END_64_BYTES = 56;
/** Mark of the record, between the two, that says where the 64-bit one is. */
export const LOCATOR_64 = 0x07064b50;
/** The record that says where the 64-bit end record is. */
export const LOCATOR_64_BYTES = 20;
/** In a 32-bit field: a 64-bit field has the number. */
export const MAX_UINT32 = 0xffffffff;
