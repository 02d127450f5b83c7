/** A checkpoint that cannot be read or written. The message is one line: the file, the tensor where one is at fault, what is wrong. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
  /** The file, as the caller named it. */
  readonly file: string;
  /** The tensor at fault, where there is one. */
  readonly tensor: string | undefined;

  constructor(file: string, problem: string, options: { readonly tensor?: string; readonly cause?: unknown } = {}) {
    const place = options.tensor === undefined ? file : `${file}: tensor ${quoted(options.tensor)}`;
    super(`${place}: ${problem}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.file = file;
    this.tensor = options.tensor;
  }
}

/** A name out of a file as part of a one-line message: quoted, escaped and cut to 80 characters. */
export function quoted(name: string): string {
  const cut = JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
  // JSON leaves what moves a terminal's cursor or breaks lines: C1 controls, direction marks, separators.
  return cut.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A shape or other list of numbers out of a file as part of a one-line message: at most 10 of them. */
export function listed(numbers: readonly number[]): string {
  return `[${numbers.slice(0, 10).join(', ')}${numbers.length > 10 ? ', …' : ''}]`;
}
