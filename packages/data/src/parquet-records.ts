import { ManifestError } from './data-error.ts';
import { FIELD_NAMES, missing, type ManifestRecord } from './manifest-row.ts';

/** A file that is read by ranges. */
export interface RandomAccessFile {
  readonly byteLength: number;
  /** The bytes from `start` to `end`, the end excluded; to the end of the file where there is none. */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}

/**
 * The rows of a Parquet file, of which only the columns that a list has are read (snappy, gzip, zstd, brotli, LZ4).
 * What reads Parquet is loaded with the first file.
 *
 * @throws ManifestError when it is no Parquet file or has no column of paths
 */
export async function recordsOfParquet(
  open: () => Promise<RandomAccessFile>,
  file: string,
): Promise<readonly ManifestRecord[]> {
  const { cachedAsyncBuffer, parquetMetadataAsync, parquetReadObjects, parquetSchema } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  try {
    const source = cachedAsyncBuffer(await open());
    const metadata = await parquetMetadataAsync(source);
    const found = parquetSchema(metadata).children.map(({ element }) => element.name);
    const columns = found.filter((name) => COLUMNS.includes(name));
    if (!columns.some((name) => PATHS.includes(name))) {
      throw new ManifestError(file, undefined, missing('path', Object.fromEntries(found.map((name) => [name, null]))));
    }
    const rows = await parquetReadObjects({ file: source, metadata, columns, compressors });
    return rows.map((fields, i) => ({ place: { row: i + 1 }, fields }));
  } catch (cause) {
    if (cause instanceof ManifestError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ManifestError(file, undefined, `cannot be read as Parquet: ${reason}`, { cause });
  }
}

const COLUMNS: readonly string[] = Object.values(FIELD_NAMES).flat();
const PATHS: readonly string[] = FIELD_NAMES.path;
