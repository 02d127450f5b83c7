import { spawn } from 'node:child_process';
import { damagedImage, JPEG_COLOR_SPACE } from '../jpeg.ts';
import type { Picture } from '../picture.ts';
import { readY4m } from './y4m.ts';

/** Decodes JPEG images of one size through the `ffmpeg` program: one process for all of them. */
export async function* ffmpegJpegs(
  command: string,
  images: readonly Uint8Array[],
  name: string,
): AsyncGenerator<Picture, void, undefined> {
  const child = spawn(
    command,
    [
      ...['-v', 'error', '-threads', '1', '-f', 'image2pipe', '-c:v', 'mjpeg', '-i', 'pipe:0'],
      ...['-f', 'yuv4mpegpipe', '-strict', '-1', '-fps_mode', 'passthrough', 'pipe:1'],
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  const closed = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  // A process that ends early is told by the pictures that are missing.
  child.stdin.on('error', () => undefined);
  for (const image of images) child.stdin.write(image);
  child.stdin.end();
  try {
    let count = 0;
    for await (const picture of readY4m(child.stdout, JPEG_COLOR_SPACE)) {
      count++;
      yield picture;
    }
    if (count < images.length) throw damagedImage(name, count, 'ffmpeg gave no picture');
  } finally {
    child.kill('SIGKILL');
    await closed;
  }
}
