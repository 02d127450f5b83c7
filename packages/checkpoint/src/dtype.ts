/** Typed array that holds a tensor of each dtype. F16 and BF16 are held as their 16 bits, BOOL as bytes 0 and 1. */
export interface TypedArrayOf {
  readonly F64: Float64Array;
  readonly F32: Float32Array;
  readonly F16: Uint16Array;
  readonly BF16: Uint16Array;
  readonly I64: BigInt64Array;
  readonly I32: Int32Array;
  readonly I16: Int16Array;
  readonly I8: Int8Array;
  readonly U64: BigUint64Array;
  readonly U32: Uint32Array;
  readonly U16: Uint16Array;
  readonly U8: Uint8Array;
  readonly BOOL: Uint8Array;
  /** Complex numbers and small floats, which JavaScript has no array for, are kept as raw bytes. */
  readonly C64: Uint8Array;
  readonly F8_E5M2: Uint8Array;
  readonly F8_E4M3: Uint8Array;
  readonly F8_E8M0: Uint8Array;
  readonly F8_E4M3FNUZ: Uint8Array;
  readonly F8_E5M2FNUZ: Uint8Array;
  readonly F6_E2M3: Uint8Array;
  readonly F6_E3M2: Uint8Array;
  readonly F4: Uint8Array;
}

/** The dtypes of the safetensors format. */
export type SafetensorsDtype = keyof TypedArrayOf;

interface DtypeInfo {
  readonly bits: number;
  readonly array: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => TypedArrayOf[SafetensorsDtype];
}

/** In the order of the reference implementation's writer: tensors lie in a file in this order, then by name. */
const DTYPES: Readonly<Record<SafetensorsDtype, DtypeInfo>> = {
  U64: { bits: 64, array: BigUint64Array },
  I64: { bits: 64, array: BigInt64Array },
  F64: { bits: 64, array: Float64Array },
  C64: { bits: 64, array: Uint8Array },
  F32: { bits: 32, array: Float32Array },
  U32: { bits: 32, array: Uint32Array },
  I32: { bits: 32, array: Int32Array },
  BF16: { bits: 16, array: Uint16Array },
  F16: { bits: 16, array: Uint16Array },
  U16: { bits: 16, array: Uint16Array },
  I16: { bits: 16, array: Int16Array },
  F8_E5M2FNUZ: { bits: 8, array: Uint8Array },
  F8_E4M3FNUZ: { bits: 8, array: Uint8Array },
  F8_E8M0: { bits: 8, array: Uint8Array },
  F8_E4M3: { bits: 8, array: Uint8Array },
  F8_E5M2: { bits: 8, array: Uint8Array },
  I8: { bits: 8, array: Int8Array },
  U8: { bits: 8, array: Uint8Array },
  F6_E3M2: { bits: 6, array: Uint8Array },
  F6_E2M3: { bits: 6, array: Uint8Array },
  F4: { bits: 4, array: Uint8Array },
  BOOL: { bits: 8, array: Uint8Array },
};

const RANKS = new Map(Object.keys(DTYPES).map((dtype, rank) => [dtype, rank]));

/** Whether a dtype named in a file is one of the format's. */
export function isSafetensorsDtype(dtype: string): dtype is SafetensorsDtype {
  return RANKS.has(dtype);
}

/** Place of a dtype in the writer's order: wider ones first, so that every tensor is aligned. */
export function dtypeRank(dtype: SafetensorsDtype): number {
  return RANKS.get(dtype) ?? 0;
}

/** Width of one element in bits. */
export function dtypeBits(dtype: SafetensorsDtype): number {
  return DTYPES[dtype].bits;
}

/** The typed array class that holds a dtype. */
export function arrayClass(dtype: SafetensorsDtype): DtypeInfo['array'] {
  return DTYPES[dtype].array;
}
