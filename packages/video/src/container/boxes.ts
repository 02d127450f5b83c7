/** Random access to a file's bytes. */
export interface FileBytes {
  /** Of the whole file, in bytes. */
  readonly length: number;
  /** Reads up to `length` bytes; fewer only at the end. */
  read(from: number, length: number): Promise<Uint8Array>;
}

/** A box of an mp4 or mov (ISO/IEC 14496-12, 4.2): where its contents lie. */
export interface Box {
  /** Four characters, such as 'moov'. */
  readonly type: string;
  /** First byte after the header. */
  readonly start: number;
  /** First byte after the box; it may lie past the end of a file that was cut off. */
  readonly end: number;
}

/** Boxes a file of this family begins with. */
const FIRST_BOXES = new Set(['ftyp', 'styp', 'moov', 'moof', 'mdat', 'free', 'skip', 'wide', 'pnot', 'sidx']);

const MAX_TOP_LEVEL_BOXES = 200_000;

/** The outermost boxes of a file, in order; none for files of another family. Ends where headers make no sense. */
export async function* fileBoxes(bytes: FileBytes): AsyncGenerator<Box, void, undefined> {
  let from = 0;
  for (let count = 0; count < MAX_TOP_LEVEL_BOXES && from + 8 <= bytes.length; count++) {
    const header = viewOf(await bytes.read(from, 16));
    if (header.byteLength < 8) return;
    const type = typeAt(header, 4);
    if (count === 0 && !FIRST_BOXES.has(type)) return;
    const short = header.getUint32(0);
    const isLong = short === 1 && header.byteLength === 16;
    const size = short === 0 ? bytes.length - from : isLong ? Number(header.getBigUint64(8)) : short;
    if (size < 8) return;
    yield { type, start: from + (isLong ? 16 : 8), end: from + size };
    from += size;
  }
}

/** The contents of a box, as far as the file goes. */
export async function readBox(bytes: FileBytes, { start, end }: Box): Promise<DataView> {
  return viewOf(await bytes.read(start, Math.max(0, Math.min(end, bytes.length) - start)));
}

/** The boxes inside one, in order; cut off where it ends. Ends where headers make no sense. */
export function* innerBoxes(view: DataView, start = 0, end = view.byteLength): Generator<Box, void, undefined> {
  for (let from = start; from + 8 <= end;) {
    const size = view.getUint32(from);
    if (size < 8) return;
    yield { type: typeAt(view, from + 4), start: from + 8, end: Math.min(end, from + size) };
    from += size;
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const typeAt = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
