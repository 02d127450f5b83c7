import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openVideo } from '../src/index.node.ts';
import { withEdits } from './fixtures/change-boxes.mjs';
import { oddPath } from './fixtures/files.ts';
import { planeMd5 } from './fixtures/packed.ts';

const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

/** 24 frames, ten a second, in groups of eight: frame i is shown at 2048 + 1024 i, group j starts at 2048 + 8192 j. */
const UNEDITED = readFileSync(oddPath('edit-ends-early.mp4'));

/** Milliseconds. */
const duration = fc.integer({ min: 1, max: 1500 });
const anywhere = fc.integer({ min: 0, max: 26_000 });
const atKeyFrame = fc.nat(2).map((group) => 2048 + group * 8192);
const empty = duration.map((milliseconds) => ({ duration: milliseconds, mediaTime: -1 }));
const editsFrom = (mediaTime: fc.Arbitrary<number>) => fc.array(fc.record({ duration, mediaTime }), { maxLength: 4 });

/** Registers tests that compare random edit lists with what the ffmpeg program makes of them. */
export function describeRandomEdits(runs: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'umt-video-edits-'));
  const file = join(folder, 'edited.mp4');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const compare = async (edits: Parameters<typeof withEdits>[1], sameTimes: boolean) => {
    writeFileSync(file, withEdits(UNEDITED, edits));
    const [found, expected] = [await framesOf(file), framesOfFfmpeg(file)];
    expect(found.map(({ md5 }) => md5)).toEqual(expected.map(({ md5 }) => md5));
    if (!sameTimes) return;
    const round = ({ seconds }: ShownFrame) => seconds.toFixed(4);
    expect(found.map(round)).toEqual(expected.map(round));
  };

  describe.skipIf(!hasFfmpeg)(`random edit lists${hasFfmpeg ? '' : ' (skipped: no ffmpeg on the PATH)'}`, () => {
    it('show the frames that the ffmpeg program shows, wherever they cut', async () => {
      const edits = fc.array(fc.oneof({ weight: 5, arbitrary: fc.record({ duration, mediaTime: anywhere }) }, empty), {
        minLength: 1,
        maxLength: 4,
      });
      await fc.assert(
        fc.asyncProperty(edits, (list) => compare(list, false)),
        { numRuns: runs },
      );
    });

    // Elsewhere FFmpeg gives times that overlap by the reordering of frames.
    it('show them at the same times, where they begin at key frames', async () => {
      const edits = fc.tuple(fc.array(empty, { maxLength: 1 }), editsFrom(atKeyFrame)).map((parts) => parts.flat());
      await fc.assert(
        fc.asyncProperty(edits, (list) => compare(list, true)),
        { numRuns: runs },
      );
    });
  });
}

interface ShownFrame {
  readonly md5: string;
  readonly seconds: number;
}

/** What the ffmpeg program shows of a file. */
function framesOfFfmpeg(file: string): ShownFrame[] {
  const input = ['-v', 'quiet', '-threads', '1', '-i', file, '-map', '0:V:0', '-fps_mode', 'passthrough', '-copyts'];
  const output = ['-enc_time_base', '-1', '-f', 'framemd5', '-'];
  const { stdout } = spawnSync('ffmpeg', [...input, ...output], { encoding: 'utf8' });
  const [, numerator = NaN, denominator = NaN] = (/^#tb 0: (\d+)\/(\d+)$/m.exec(stdout) ?? []).map(Number);
  const lines = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const fields = line.split(',');
    return { md5: fields.at(-1)?.trim() ?? '', seconds: (Number(fields[2]) * numerator) / denominator };
  });
}

/** What this package shows of it; nothing where it says that there is nothing. */
async function framesOf(file: string): Promise<ShownFrame[]> {
  const video = await openVideo(file).catch((error: unknown) => {
    expect(error).toMatchObject({ kind: 'undecodable', message: expect.stringContaining('edit list') as unknown });
    return null;
  });
  const frames: ShownFrame[] = [];
  if (video === null) return frames;
  for await (const frame of video.frames([...video.frameTimestamps.keys()])) {
    frames.push({ md5: planeMd5(frame), seconds: frame.timestampSeconds });
  }
  await video.close();
  return frames;
}
