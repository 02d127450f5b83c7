import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Orientation, VideoFacts } from '../container/track.ts';
import { type ColorSpace, UNTAGGED_COLOR_SPACE } from '../picture.ts';
import { VideoError } from '../video-error.ts';
import { quarterTurn } from './display-matrix.ts';
import { codecName, FORMATS, frameTimes, MAX_PIXELS, PROTOCOLS } from './formats.ts';

/** Without a line for this long the program is taken for hung and killed. */
const SILENCE_LIMIT_MS = 60_000;

/** Seconds per frame where a file tells no frame rate. */
const DEFAULT_INTERVAL = 1 / 25;

/** What YUV4MPEG2 carries, and this package reads from it. */
const Y4M_FORMAT = /^(?:yuvj?(?:420|422|444)p|gray)(?:(?:9|10|12|14|16)le)?$/;

/** What the program tells about a file. */
export interface ProbedFile {
  readonly facts: VideoFacts;
  /** True when the program must convert the pictures to RGB to hand them over. */
  readonly needsRgb: boolean;
}

/**
 * Learns what a file holds by letting the `ffmpeg` program decode it once: that program alone, without ffprobe, tells the
 * frames and their times only then.
 *
 * @param file a path.
 * @param name the source, for messages.
 * @returns null when the program does not know the format.
 * @throws {VideoError} of kind 'no-video-track' or 'undecodable'.
 */
export async function probeWithFfmpeg(
  command: string,
  file: string,
  name: string,
  threads: number,
): Promise<ProbedFile | null> {
  const child = spawn(
    command,
    [
      ...['-hide_banner', '-v', 'info', '-nostats', '-nostdin', '-noautorotate', '-threads', String(threads)],
      ...['-format_whitelist', FORMATS, '-protocol_whitelist', PROTOCOLS, '-max_pixels', String(MAX_PIXELS)],
      ...['-copyts', '-i', `file:${file}`, '-map', '0:V:0', '-vf', 'showinfo=checksum=0', '-f', 'null', '-'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const closed = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  const report = new ProbeReport();
  const giveUp = () => child.kill('SIGKILL');
  let timer = setTimeout(giveUp, SILENCE_LIMIT_MS);
  try {
    for await (const line of createInterface({ input: child.stderr })) {
      clearTimeout(timer);
      timer = setTimeout(giveUp, SILENCE_LIMIT_MS);
      report.add(line);
    }
    await closed;
  } finally {
    clearTimeout(timer);
  }
  return report.result(name);
}

/** Gathers facts from what the program writes. */
class ProbeReport {
  readonly #times: number[] = [];
  #isKnown = false;
  #isInput = true;
  #codec = '';
  #pixels = '';
  #size: readonly [number, number] | undefined;
  #pixelAspectRatio = 1;
  #interval = DEFAULT_INTERVAL;
  #colorSpace: ColorSpace = UNTAGGED_COLOR_SPACE;
  #orientation: Orientation = { rotation: 0, isMirrored: false };

  /** Takes one line, such as "Stream #0:0: Video: mpeg4 (XVID), yuv420p(tv, bt709), 96x64, 25 fps" or "n:0 pts:1 pts_time:0.1". */
  add(line: string): void {
    const frame = /\bn: *\d+ .*\bpts_time:(\S+).*\bfmt:(\w+).*\bsar:(\d+)\/(\d+) s:(\d+)x(\d+)/.exec(line);
    if (frame !== null) {
      this.#times.push(frame[1] === 'NOPTS' ? Number.NaN : Number(frame[1]));
      this.#pixels = frame[2] ?? '';
      if (this.#size === undefined && Number(frame[3]) > 0)
        this.#pixelAspectRatio = Number(frame[3]) / Number(frame[4]);
      this.#size ??= [Number(frame[5]), Number(frame[6])];
      return;
    }
    if (line.startsWith('Input #0')) this.#isKnown = true;
    if (/^(Output #0|Stream mapping)/.test(line)) this.#isInput = false;
    if (!this.#isInput) return;
    const stream = /^ *Stream #0.*?: Video: (\w+)(.*)/.exec(line);
    if (stream !== null && this.#codec === '' && !line.includes('(attached pic)')) this.#addStream(stream);
    const turn = /displaymatrix: rotation of (-?[\d.]+) degrees/.exec(line);
    // The program counts counter-clockwise.
    if (turn !== null)
      this.#orientation = { rotation: quarterTurn(Math.round(-Number(turn[1]) / 90)), isMirrored: false };
  }

  #addStream([, codec = '', rest = '']: RegExpExecArray): void {
    this.#codec = codecName(codec);
    const rate = /, ([\d.]+) fps/.exec(rest);
    if (rate !== null && Number(rate[1]) > 0) this.#interval = 1 / Number(rate[1]);
    const [, tags = ''] = /\b(?:yuv|gray|nv)\w*\(([^)]*)\)/.exec(rest) ?? [];
    this.#colorSpace = {
      matrix: /\bbt709(?!\/)/.test(tags) ? 'bt709' : /\bbt2020nc\b/.test(tags) ? 'bt2020' : UNTAGGED_COLOR_SPACE.matrix,
      fullRange: /\bpc\b/.test(tags),
    };
  }

  result(name: string): ProbedFile | null {
    if (!this.#isKnown) return null;
    if (this.#codec === '') throw new VideoError('no-video-track', `${name} has no video track`);
    if (this.#size === undefined) {
      throw new VideoError(
        'undecodable',
        `no frame of ${name} can be decoded: the file is damaged or cut off; replace it`,
      );
    }
    const [codedWidth, codedHeight] = this.#size;
    return {
      needsRgb: !Y4M_FORMAT.test(this.#pixels),
      facts: {
        codec: this.#codec,
        codedWidth,
        codedHeight,
        orientation: this.#orientation,
        pixelAspectRatio: this.#pixelAspectRatio,
        colorSpace: this.#colorSpace,
        timeline: frameTimes(this.#times, this.#interval),
      },
    };
  }
}
