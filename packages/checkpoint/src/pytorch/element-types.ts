import type { ElementType } from '../pickle/values.ts';

const type = (dtype: string, width: number): ElementType => ({ dtype, width });

/** PyTorch's dtypes by name. Those that safetensors has too are named as there; the others are listed and not read. */
const DTYPES: ReadonlyMap<string, ElementType> = new Map(
  Object.entries({
    float64: type('F64', 8),
    float32: type('F32', 4),
    float16: type('F16', 2),
    bfloat16: type('BF16', 2),
    int64: type('I64', 8),
    int32: type('I32', 4),
    int16: type('I16', 2),
    int8: type('I8', 1),
    uint64: type('U64', 8),
    uint32: type('U32', 4),
    uint16: type('U16', 2),
    uint8: type('U8', 1),
    bool: type('BOOL', 1),
    complex128: type('complex128', 16),
    complex64: type('complex64', 8),
    complex32: type('complex32', 4),
    qint32: type('qint32', 4),
    qint8: type('qint8', 1),
    quint8: type('quint8', 1),
    quint4x2: type('quint4x2', 1),
    quint2x4: type('quint2x4', 1),
    float8_e4m3fn: type('float8_e4m3fn', 1),
    float8_e5m2: type('float8_e5m2', 1),
    float8_e4m3fnuz: type('float8_e4m3fnuz', 1),
    float8_e5m2fnuz: type('float8_e5m2fnuz', 1),
    float8_e8m0fnu: type('float8_e8m0fnu', 1),
  }),
);

/** The classes of storages, each with the dtype of its elements. Bytes without a type are uint8. */
const STORAGE_DTYPES = {
  DoubleStorage: 'float64',
  FloatStorage: 'float32',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
  UntypedStorage: 'uint8',
  ComplexDoubleStorage: 'complex128',
  ComplexFloatStorage: 'complex64',
  QInt32Storage: 'qint32',
  QInt8Storage: 'qint8',
  QUInt8Storage: 'quint8',
  QUInt4x2Storage: 'quint4x2',
  QUInt2x4Storage: 'quint2x4',
} as const;

const BY_STORAGE: ReadonlyMap<string, string> = new Map(
  Object.entries(STORAGE_DTYPES).flatMap(([name, dtype]) =>
    ['torch', 'torch.cuda', 'torch.storage'].map((module) => [`${module}.${name}`, dtype] as const),
  ),
);

/** The storage class of a dtype of safetensors, or undefined where PyTorch 1 has none. */
export function storageClassOf(dtype: string): string | undefined {
  return Object.entries(STORAGE_DTYPES).find(([, named]) => DTYPES.get(named)?.dtype === dtype)?.[0];
}

/** The elements of a storage class such as `torch.FloatStorage`, or undefined where there is no such class. */
export function elementOfStorage(className: string): ElementType | undefined {
  return DTYPES.get(BY_STORAGE.get(className) ?? '');
}

/** The elements of a dtype such as `torch.float32`, or undefined where there is no such dtype. */
export function elementOfDtype(className: string): ElementType | undefined {
  return className.startsWith('torch.') ? DTYPES.get(className.slice('torch.'.length)) : undefined;
}
