import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openVideo, VideoError, type VideoErrorKind } from '../src/index.node.ts';
import { oddPath } from './fixtures/files.ts';
import { planeMd5 } from './fixtures/packed.ts';

/** What must come of one odd or broken video; written by fixtures/make_outcomes.mjs. */
interface Outcome {
  readonly file: string;
  readonly what: string;
  /** The fixture to copy to `file`. */
  readonly copyOf?: string;
  /** Permissions of the copy. */
  readonly mode?: number;
}

interface GoodOutcome extends Outcome {
  readonly frames: number;
  readonly size: readonly [number, number];
  /** How wide and how high a pixel is; square where absent. */
  readonly pixels?: readonly [number, number];
  /** Frames that are lost, so that others stand in for them. */
  readonly substitutes?: readonly number[];
  /** Frames in which another version of FFmpeg conceals damage otherwise. */
  readonly concealed?: readonly number[];
  /** MD5 of all planes that ffmpeg decodes from a damaged file. */
  readonly all?: readonly string[];
  /** MD5 of ffmpeg's planes, by frame index. */
  readonly planes: Readonly<Record<string, string>>;
}

interface BadOutcome extends Outcome {
  readonly error: VideoErrorKind;
  /** Part of the message. */
  readonly message: string;
}

const table = JSON.parse(
  readFileSync(new URL('fixtures/outcomes.json', import.meta.url), 'utf8'),
) as unknown as readonly (GoodOutcome | BadOutcome)[];
const good = table.filter((row): row is GoodOutcome => 'frames' in row);
const bad = table.filter((row): row is BadOutcome => 'error' in row);
const label = ({ file, what }: Outcome) => [file, what] as const;

const folder = mkdtempSync(join(tmpdir(), 'umt-video-outcomes-'));
const pathOf = ({ file, copyOf }: Outcome) => (copyOf === undefined ? oddPath(file) : join(folder, file));
const unhandled: unknown[] = [];
const note = (error: unknown) => unhandled.push(error);

beforeAll(() => {
  chmodSync(folder, 0o755);
  for (const row of table) {
    if (row.copyOf === undefined) continue;
    copyFileSync(oddPath(row.copyOf), pathOf(row));
    if (row.mode !== undefined) chmodSync(pathOf(row), row.mode);
  }
  process.on('unhandledRejection', note);
});

afterAll(() => {
  process.off('unhandledRejection', note);
  rmSync(folder, { recursive: true, force: true });
});

/** Reads the frames whose planes are known, and checks them. */
async function expectGood(row: GoodOutcome, source: string | Uint8Array): Promise<void> {
  const { frames, size, pixels = [1, 1], planes, substitutes = [], concealed = [], all } = row;
  const video = await openVideo(source);
  try {
    expect(video).toMatchObject({ frameCount: frames, width: size[0], height: size[1] });
    // Containers may give it as a size in whole pixels.
    expect(Math.abs((video.pixelAspectRatio * pixels[1]) / pixels[0] - 1)).toBeLessThan(0.5 / Math.min(...size));
    const times = [...video.frameTimestamps];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const indices = Object.keys(planes).map(Number).reverse();
    for await (const frame of video.frames(indices)) {
      expect(planeMd5(frame), `planes of frame ${frame.index}`).toBe(planes[frame.index]);
      expect(frame).toMatchObject({ isSubstitute: false, width: size[0], height: size[1] });
      expect(frame.timestampSeconds).toBe(times[frame.index]);
    }
    let count = 0;
    const lost: number[] = [];
    for await (const frame of video.frames([...times.keys()])) {
      expect(frame.index).toBe(count++);
      if (frame.isSubstitute) lost.push(frame.index);
      else if (!concealed.includes(frame.index)) expect(all ?? [planeMd5(frame)]).toContain(planeMd5(frame));
    }
    expect(count).toBe(frames);
    expect(lost).toEqual(substitutes);
  } finally {
    await video.close();
  }
}

/** Runs as a user who may read only what everyone may: the superuser may read anything. */
async function asNobody<T>(act: () => Promise<T>): Promise<T> {
  const user = process.geteuid?.();
  if (user !== 0) return act();
  process.seteuid?.(65534);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}

describe('odd and broken videos', () => {
  it('are many', () => {
    expect(table.length).toBeGreaterThanOrEqual(40);
    expect(new Set(table.map(({ file }) => file)).size).toBe(table.length);
  });

  it.each(good.map((row) => [...label(row), row] as const))(
    'give the frames of the ffmpeg program: %s, %s',
    (_, __, row) => expectGood(row, pathOf(row)),
  );

  it.each(good.filter(({ copyOf }) => copyOf === undefined).map((row) => [row.file, row] as const))(
    'give them from memory: %s',
    (_, row) => expectGood(row, readFileSync(pathOf(row))),
  );

  it.each(bad.map((row) => [...label(row), row] as const))(
    'give one error that names the file: %s, %s',
    async (_, __, row) => {
      const path = pathOf(row);
      const open = () =>
        openVideo(path).then(
          () => null,
          (error: unknown) => error,
        );
      const error = await (row.mode === undefined ? open() : asNobody(open));
      expect(error).toBeInstanceOf(VideoError);
      expect(error).toMatchObject({ kind: row.error, message: expect.stringContaining(row.message) as unknown });
      const { message } = error as VideoError;
      expect(message).toContain(`"${path}"`);
      expect(message).not.toMatch(/\p{Cc}/u);
    },
  );

  it('leave no rejection unhandled', async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unhandled).toEqual([]);
  });
});
