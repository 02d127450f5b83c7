// Runs in Chromium (see browser.test.ts): decodes files that the test server offers and posts back what it saw.
import { frameToTensor, openVideo, type Frame, VideoError } from '../src/index.ts';

/** The planes without padding, as ffmpeg's rawvideo has them. */
function packed(frame: Frame): Uint8Array<ArrayBuffer> {
  const rows = frame.planes.flatMap(({ data, stride, width, height }, i) => {
    const step = frame.format === 'RGBA' ? 4 : frame.format === 'NV12' && i === 1 ? 2 : 1;
    return Array.from({ length: height }, (_, y) => data.subarray(y * stride, y * stride + width * step));
  });
  const bytes = rows.map((row) => new Uint8Array(row.buffer, row.byteOffset, row.byteLength));
  const out = new Uint8Array(bytes.reduce((sum, row) => sum + row.length, 0));
  let offset = 0;
  for (const row of bytes) {
    out.set(row, offset);
    offset += row.length;
  }
  return out;
}

async function post(path: string, body: BodyInit): Promise<void> {
  await fetch(path, { method: 'POST', body });
}

async function decode(file: string): Promise<void> {
  const video = await openVideo(file);
  const facts = { ...video, frameTimestamps: [...video.frameTimestamps] };
  const frames: object[] = [];
  const tensor = new Float32Array(32 * 32 * 3);
  // Backwards, so that the order is put right too.
  const indices = [...video.frameTimestamps.keys()].reverse();
  for await (const frame of video.frames(indices)) {
    const { index, format, isBrowserConverted, isSubstitute, timestampSeconds } = frame;
    frameToTensor(frame, { width: 32, height: 32 }, tensor);
    frames.push({ index, format, isBrowserConverted, isSubstitute, timestampSeconds });
    await post(`/planes?file=${file}&index=${index}`, packed(frame));
    await post(`/tensor?file=${file}&index=${index}`, tensor.slice().buffer);
  }
  await video.close();
  await post(`/video?file=${file}`, JSON.stringify({ facts, frames }));
}

for (const file of new URLSearchParams(location.search).getAll('file')) {
  try {
    await decode(file);
  } catch (error) {
    const kind = error instanceof VideoError ? error.kind : 'other';
    await post(`/error?file=${file}`, JSON.stringify({ kind, message: String(error) }));
  }
}
await post('/done', '');
