import { spawn } from 'node:child_process';
import type { ColorSpace } from '../picture.ts';
import type { FrameReader, ReadFrame } from '../decode/frame-reader.ts';
import { VideoError } from '../video-error.ts';
import { readRgb } from './raw-rgb.ts';
import { readY4m } from './y4m.ts';

/** Without a byte for this long the program is taken for hung and killed. */
const SILENCE_LIMIT_MS = 60_000;

/** Terms of a select expression; with more, a whole range is decoded and frames are dropped here. */
const MAX_SELECT_TERMS = 60;

/** True when the program starts and knows its version. */
export function programRuns(command: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, ['-version'], { stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}

/** What to read, with which program. */
export interface FfmpegInput {
  readonly command: string;
  /** A path or an http(s) address. */
  readonly file: string;
  /** The source, for messages. */
  readonly name: string;
  readonly colorSpace: ColorSpace;
  readonly threads: number;
  /** Size of the pictures where their pixel format must be sent as RGB because YUV4MPEG2 cannot carry it. */
  readonly rgbSize?: readonly [number, number] | undefined;
}

/**
 * Reads frames through the `ffmpeg` program: one process per call, which decodes from the start and pipes the selected
 * frames' native planes. Slower than node-av on sparse frames, exact all the same.
 */
export function ffmpegFrameReader(input: FfmpegInput): FrameReader {
  const running = new Set<() => Promise<void>>();
  return {
    async *read(frames) {
      const process = start(input, frames);
      running.add(process.stop);
      try {
        yield* pick(input, frames, process);
      } finally {
        await process.stop();
        running.delete(process.stop);
      }
    },
    async close() {
      await Promise.all([...running].map((stop) => stop()));
    },
  };
}

/** Matches what the program puts out with the frames that were asked. */
async function* pick(input: FfmpegInput, frames: readonly number[], process: FfmpegProcess): AsyncGenerator<ReadFrame> {
  const delivered = isEverythingSelected(frames) ? rangeOf(frames) : frames;
  const wanted = new Set(frames);
  let last: ReadFrame | undefined;
  let count = 0;
  const { rgbSize } = input;
  const pictures =
    rgbSize === undefined ? readY4m(process.output, input.colorSpace) : readRgb(process.output, rgbSize[0], rgbSize[1]);
  for await (const picture of pictures) {
    const index = delivered[count++];
    if (index === undefined) break;
    last = { index, shownIndex: index, picture, isBrowserConverted: false };
    if (wanted.has(index)) yield last;
  }
  const problem = await process.end();
  const shown = last;
  if (shown === undefined) {
    throw new VideoError(
      'undecodable',
      `no wanted frame of ${input.name} can be decoded by ffmpeg: ${problem || 'it gave none'}`,
    );
  }
  // The file ends early or is damaged: its last decodable frame stands in.
  for (const index of frames) if (index > shown.index) yield { ...shown, index };
}

interface FfmpegProcess {
  readonly output: AsyncIterable<Uint8Array>;
  /** Waits for the end; resolves to what it complained about. */
  end(): Promise<string>;
  /** Kills it where it still runs, and waits. */
  stop(): Promise<void>;
}

function start({ command, file, threads, rgbSize }: FfmpegInput, frames: readonly number[]): FfmpegProcess {
  const isAddress = /^https?:/i.test(file);
  const child = spawn(
    command,
    [
      ...['-v', 'error', '-nostdin', '-noautorotate', '-threads', String(threads)],
      ...['-i', isAddress ? file : `file:${file}`, '-map', '0:V:0'],
      // The stream is made to look like 25 frames per second so that no frame is dropped or doubled.
      ...['-vf', `select='${selection(frames)}',settb=1/25,setpts=N`, '-r', '25'],
      ...(rgbSize === undefined ? ['-f', 'yuv4mpegpipe', '-strict', '-1'] : ['-f', 'rawvideo', '-pix_fmt', 'rgb24']),
      'pipe:1',
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < 1000) complaint += text;
  });
  const closed = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      complaint = error.message;
      resolve();
    });
    child.once('close', () => resolve());
  });
  const kill = () => {
    child.kill('SIGKILL');
  };
  // A stream that breaks off is told by `closed`.
  child.stdout.on('error', () => undefined);
  const end = async () => {
    await unlessSilent(closed, kill);
    return complaint.trim().split('\n')[0] ?? '';
  };
  return {
    output: watched(child.stdout, kill),
    end,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) kill();
      child.stdout.destroy();
      await end();
    },
  };
}

/** Passes chunks on; calls `giveUp` when the next one does not come. Time that the consumer takes does not count. */
async function* watched(stream: AsyncIterable<Uint8Array>, giveUp: () => void): AsyncGenerator<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]();
  for (;;) {
    const next = await unlessSilent(chunks.next(), giveUp);
    if (next.done === true) return;
    yield next.value;
  }
}

async function unlessSilent<T>(awaited: Promise<T>, giveUp: () => void): Promise<T> {
  const timer = setTimeout(giveUp, SILENCE_LIMIT_MS);
  return awaited.finally(() => clearTimeout(timer));
}

/** Runs of neighbouring frames, as [first, last]. */
function neighbours(frames: readonly number[]): (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (const frame of frames) {
    const last = ranges.at(-1);
    if (last !== undefined && frame === last[1] + 1) last[1] = frame;
    else ranges.push([frame, frame]);
  }
  return ranges;
}

function isEverythingSelected(frames: readonly number[]): boolean {
  return neighbours(frames).length > MAX_SELECT_TERMS;
}

function rangeOf(frames: readonly number[]): number[] {
  const first = frames[0] ?? 0;
  return Array.from({ length: (frames.at(-1) ?? first) - first + 1 }, (_, i) => first + i);
}

function selection(frames: readonly number[]): string {
  const ranges = isEverythingSelected(frames) ? [[frames[0] ?? 0, frames.at(-1) ?? 0] as const] : neighbours(frames);
  return ranges.map(([from, to]) => `between(n,${from},${to})`).join('+');
}
