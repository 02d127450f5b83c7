/** A file's bytes as a `data:` address, so that a page needs nothing beside itself. */
export function dataUri(mimeType: string, bytes: Uint8Array): string {
  const CHUNK = 0x8000; // fromCharCode takes its letters as arguments
  let letters = '';
  for (let at = 0; at < bytes.length; at += CHUNK) letters += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return `data:${mimeType};base64,${btoa(letters)}`;
}
