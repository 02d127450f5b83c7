/** Protocol buffers, the writing half, as far as ONNX models need it (field numbers: onnx.proto3). */

const utf8 = new TextEncoder();

/** Joins byte strings. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** A base-128 number, least significant group first. Negative integers take ten bytes, as int64 does. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const group = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? group | 128 : group);
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}

/** An integer field. */
export function integerField(field: number, value: number): Uint8Array {
  return joinBytes([varint(field << 3), varint(value)]);
}

/** A float32 field. */
export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return joinBytes([varint((field << 3) | 5), bytes]);
}

/** A string, bytes or message field; several parts are one message. */
export function lengthField(field: number, ...content: readonly (Uint8Array | string)[]): Uint8Array {
  const body = joinBytes(content.map((part) => (typeof part === 'string' ? utf8.encode(part) : part)));
  return joinBytes([varint((field << 3) | 2), varint(body.length), body]);
}
