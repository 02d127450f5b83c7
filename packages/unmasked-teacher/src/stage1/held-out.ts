import { createVideoClipLoader, type VideoEntry } from '@umt/data';
import type { Student } from '@umt/vit';
import { ConfigError } from '../config/config-error.ts';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import { evaluateBlindGuess, evaluateStudent, meanTarget } from './evaluate.ts';
import type { FrozenTeacher } from './frozen-teacher.ts';
import type { VideoBatch } from './pretrain-task.ts';
import { clipOptionsOf } from './train-options.ts';

/** Clips over which a student is measured, and over which the guess without a look is averaged. */
const EVALUATION_CLIPS = 16;
const GUESS_CLIPS = 64;

/** Videos for training and videos to measure it by. */
export interface SplitVideos {
  readonly training: readonly VideoEntry[];
  readonly heldOut: readonly VideoEntry[];
}

/**
 * Keeps videos out of training, evenly spread over the list: of 12 with 4 held out numbers 3, 6, 9 and 12.
 *
 * @throws ConfigError when none would be left to train on
 */
export function splitVideos(videos: readonly VideoEntry[], heldOutCount: number): SplitVideos {
  if (heldOutCount > 0 && heldOutCount >= videos.length) {
    throw new ConfigError(
      `data.heldOut must leave a video to train on: there ${videos.length === 1 ? 'is 1 video' : `are ${videos.length} videos`}, ` +
        `and ${heldOutCount} would be held out (--data.held-out)`,
      ['data.heldOut'],
    );
  }
  const chosen = new Set(
    Array.from({ length: heldOutCount }, (_, i) => Math.floor(((i + 1) * videos.length) / heldOutCount) - 1),
  );
  return {
    training: videos.filter((_, i) => !chosen.has(i)),
    heldOut: videos.filter((_, i) => chosen.has(i)),
  };
}

/** A clip batch that knows which videos it shows. */
export type NamedBatch = VideoBatch & { readonly paths: readonly string[] };

/**
 * Clips of videos that stay the same: as training draws them in epoch 0, but never mirrored, one after the other from each
 * video, `count` or a little more.
 */
export async function fixedClips(
  config: PretrainConfig,
  videos: readonly VideoEntry[],
  count: number = EVALUATION_CLIPS,
): Promise<readonly NamedBatch[]> {
  const batches: NamedBatch[] = [];
  for await (const batch of clipsOf(config, videos, count)) batches.push(batch);
  return batches;
}

/** Measures a student on held-out videos. */
export class HeldOutMeasure {
  /** The clips it measures on. */
  readonly clips: readonly NamedBatch[];
  readonly #teacher: FrozenTeacher;
  readonly #config: PretrainConfig;

  constructor(teacher: FrozenTeacher, config: PretrainConfig, clips: readonly NamedBatch[]) {
    this.#teacher = teacher;
    this.#config = config;
    this.clips = clips;
  }

  /** How many clips a measurement is the mean of. */
  get clipCount(): number {
    return this.clips.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
  }

  /** The student's alignment loss. */
  async loss(student: Student): Promise<number> {
    return evaluateStudent(student, { teacher: this.#teacher, config: this.#config, batches: this.clips });
  }

  /** The loss of a guess that was averaged over training clips and sees none. */
  async blindLoss(training: readonly VideoEntry[]): Promise<number> {
    const options = { teacher: this.#teacher, config: this.#config, batches: this.clips };
    const guess = await meanTarget(options, clipsOf(this.#config, training, GUESS_CLIPS));
    try {
      return await evaluateBlindGuess(guess, options);
    } finally {
      guess.dispose();
    }
  }
}

async function* clipsOf(
  config: PretrainConfig,
  videos: readonly VideoEntry[],
  count: number,
): AsyncGenerator<NamedBatch> {
  const perVideo = Math.ceil(count / videos.length);
  const entries = Array.from({ length: perVideo }, () => videos).flat();
  const batchSize = largestDivisor(entries.length, config.batch.size);
  const clip = { ...clipOptionsOf(config), flipProbability: 0, copies: 1 };
  const loader = createVideoClipLoader({ entries, seed: config.seed, clip, batchSize, shuffle: false, epochs: 1 });
  try {
    yield* loader.batches(0, 0);
  } finally {
    await loader.close();
  }
}

/** Batches of one size, none left over, and none larger than what training puts through the models. */
function largestDivisor(total: number, limit: number): number {
  for (let size = Math.min(total, limit); size > 1; size--) if (total % size === 0) return size;
  return 1;
}
