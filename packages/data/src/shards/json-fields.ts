import { ShardError } from './shard-error.ts';

/** Reads the fields of a JSON object that a shard set holds; every complaint names the file and the field. */
export class JsonFields {
  readonly #file: string;
  readonly #place: string;
  readonly #fields: Readonly<Record<string, unknown>>;

  /**
   * @param place path of the object inside the file, with a dot at its end; empty for the whole file
   * @throws ShardError when the value is no object
   */
  constructor(value: unknown, file: string, place = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const what = place === '' ? 'the file' : JSON.stringify(place.slice(0, -1));
      throw new ShardError(file, `${what} must be a JSON object, got ${shown(value)}`);
    }
    this.#file = file;
    this.#place = place;
    this.#fields = value as Readonly<Record<string, unknown>>;
  }

  /** @throws ShardError when the text is not JSON, or no object */
  static parse(text: string, file: string): JsonFields {
    try {
      return new JsonFields(JSON.parse(text), file);
    } catch (cause) {
      if (!(cause instanceof SyntaxError)) throw cause;
      throw new ShardError(file, `not JSON: ${cause.message.split('\n')[0] ?? ''}`, { cause });
    }
  }

  /** Whether the field is there. */
  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }

  /** Whatever is there. */
  raw(name: string): unknown {
    return this.#fields[name];
  }

  /** An object inside. */
  object(name: string): JsonFields {
    return new JsonFields(this.#fields[name], this.#file, `${this.#place}${name}.`);
  }

  /** A text of at least one character. */
  text(name: string): string {
    const value = this.#fields[name];
    return isText(value) ? value : this.#refuse(name, 'a text', value);
  }

  /** One of a few texts. */
  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.#fields[name];
    return allowed.find((one) => one === value) ?? this.#refuse(name, allowed.join(' or '), value);
  }

  /** A whole number from `low` on. */
  integer(name: string, low = 0): number {
    const value = this.#fields[name];
    return isInteger(value, low)
      ? value
      : this.#refuse(name, low === -Infinity ? 'a whole number' : `a whole number from ${low} on`, value);
  }

  /** A finite number from 0 on. */
  amount(name: string): number {
    const value = this.#fields[name];
    return typeof value === 'number' && Number.isFinite(value) && value >= 0
      ? value
      : this.#refuse(name, 'a number from 0 on', value);
  }

  /** A CRC-32C: 8 hexadecimal digits in lower case. */
  crc(name: string): string {
    const value = this.#fields[name];
    return typeof value === 'string' && /^[0-9a-f]{8}$/.test(value) ? value : this.#refuse(name, '8 hex digits', value);
  }

  /** A list of texts. */
  texts(name: string): readonly string[] {
    const value = this.#list(name);
    return value.every((one) => typeof one === 'string') ? value : this.#refuse(name, 'a list of texts', value);
  }

  /** A list of whole numbers from 0 on. */
  integers(name: string): readonly number[] {
    const value = this.#list(name);
    return value.every((one) => isInteger(one, 0)) ? value : this.#refuse(name, 'a list of whole numbers', value);
  }

  /** A range of bytes, `[offset, length]`. */
  range(name: string): ByteRange {
    const value = this.#fields[name];
    return isRange(value) ? value : this.#refuse(name, 'a range [offset, bytes]', value);
  }

  /** A list of ranges of bytes. */
  ranges(name: string): readonly ByteRange[] {
    const value = this.#list(name);
    return value.every(isRange) ? value : this.#refuse(name, 'a list of ranges [offset, bytes]', value);
  }

  /** A list of objects. */
  objects<T>(name: string, read: (fields: JsonFields) => T): readonly T[] {
    return this.#list(name).map((one, i) => read(new JsonFields(one, this.#file, `${this.#place}${name}[${i}].`)));
  }

  /** Refuses what one field alone does not show. */
  refuse(problem: string): never {
    throw new ShardError(this.#file, `${this.#place === '' ? '' : `${this.#place.slice(0, -1)}: `}${problem}`);
  }

  #list(name: string): readonly unknown[] {
    const value = this.#fields[name];
    return Array.isArray(value) ? (value as readonly unknown[]) : this.#refuse(name, 'a list', value);
  }

  #refuse(name: string, wanted: string, value: unknown): never {
    throw new ShardError(this.#file, `"${this.#place}${name}" must be ${wanted}, got ${shown(value)}`);
  }
}

/** Where bytes lie: offset from the start of the file, and how many. */
export type ByteRange = readonly [offset: number, bytes: number];

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

const isInteger = (value: unknown, low: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= low;

const isRange = (value: unknown): value is ByteRange =>
  Array.isArray(value) && value.length === 2 && value.every((one) => isInteger(one, 0));

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
