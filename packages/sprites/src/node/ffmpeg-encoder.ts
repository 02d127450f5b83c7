import { spawn } from 'node:child_process';
import type { Encoder } from './encoder.ts';
import { QUALITY } from './quality.ts';

/** Encodes with the `ffmpeg` program; null where it is not on the PATH or has no libx264. */
export async function ffmpegEncoder(): Promise<Encoder | null> {
  const encoders = await ffmpeg(['-encoders']).catch(() => '');
  if (!encoders.includes('libx264')) return null;
  return async (path, { size, framesPerSecond, frames }) => {
    const input = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${size}x${size}`, '-r', String(framesPerSecond)];
    const coding = ['-c:v', 'libx264', '-preset', 'veryfast', '-g', '1', '-threads', '1', '-colorspace', 'smpte170m'];
    await ffmpeg(['-y', ...input, '-i', '-', ...coding, '-qp', String(QUALITY), path], Buffer.concat(frames));
  };
}

/** Runs the program and gives what it printed; rejects with its last line where it fails. */
function ffmpeg(options: readonly string[], input: Uint8Array = new Uint8Array()): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', ...options]);
    let printed = '';
    let complaint = '';
    child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    child.stderr.on('data', (text: Buffer) => (complaint += text.toString()));
    child.stdin.on('error', () => {}); // a program that ended early says why on stderr
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(printed);
      else reject(new Error(`ffmpeg failed: ${complaint.trim().split('\n').at(-1) ?? `exit code ${code}`}`));
    });
    child.stdin.end(input);
  });
}
