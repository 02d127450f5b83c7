import { crc32 } from '@umt/crc';
import type { CheckpointEntry } from './checkpoint-store.ts';

const FORMAT = 'umt-checkpoint-1';

/** The bytes of a manifest: the entry as JSON, beside a checksum of that JSON. */
export function writeManifest(entry: CheckpointEntry): Uint8Array {
  const text = JSON.stringify(entry);
  const manifest = { format: FORMAT, crc32: checksumOf(text), entry: JSON.parse(text) as unknown };
  return new TextEncoder().encode(`${JSON.stringify(manifest, null, 1)}\n`);
}

/**
 * Reads a manifest.
 * @throws Error whose message completes "the manifest ..."
 */
export function parseManifest(bytes: Uint8Array): CheckpointEntry {
  const manifest = parseJson(bytes);
  if (!isRecord(manifest) || manifest['format'] !== FORMAT) throw new Error(`is not in the format ${FORMAT}`);
  const { entry } = manifest;
  if (checksumOf(JSON.stringify(entry)) !== manifest['crc32']) throw new Error('does not agree with its own checksum');
  if (!isEntry(entry)) throw new Error('lacks a step, files or metadata');
  return entry;
}

function checksumOf(text: string): number {
  return crc32(new TextEncoder().encode(text));
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Error('is not valid JSON');
  }
}

function isEntry(value: unknown): value is CheckpointEntry {
  return (
    isRecord(value) &&
    Number.isSafeInteger(value['step']) &&
    isRecord(value['metadata']) &&
    isRecord(value['files']) &&
    Object.values(value['files']).every(
      (file) => isRecord(file) && Number.isSafeInteger(file['bytes']) && Number.isSafeInteger(file['crc32']),
    )
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
