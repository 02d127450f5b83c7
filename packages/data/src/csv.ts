import { ManifestError } from './data-error.ts';

/** One record of a CSV text. */
export interface CsvRow {
  /** Line it begins on, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** A field in quotes (doubled ones stand for one) or without, up to the comma or the end of the record. */
const FIELD = /[^\S\r\n]*(?:"([^"]*(?:""[^"]*)*)"[^\S\r\n]*|([^",\r\n][^,\r\n]*)?)(,|\r\n|\n|\r|$)/y;

/**
 * Reads comma-separated values (RFC 4180). Spaces around fields do not count unless quoted, empty lines are passed over.
 *
 * @throws ManifestError with the line, for a quote that is not closed or is followed by text
 */
export function parseCsv(text: string, file: string): readonly CsvRow[] {
  const rows: CsvRow[] = [];
  const field = new RegExp(FIELD);
  let fields: string[] = [];
  let line = 1;
  let begin = 1;
  while (field.lastIndex < text.length || fields.length > 0) {
    const match = field.exec(text);
    if (match === null) throw new ManifestError(file, line, 'a quote is not closed, or text follows it');
    const [whole, quoted, plain = '', end = ''] = match;
    fields.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    line += whole.match(/\r\n|\n|\r/g)?.length ?? 0;
    if (end === ',') continue;
    if (fields.some((value) => value !== '')) rows.push({ line: begin, fields });
    fields = [];
    begin = line;
  }
  return rows;
}
