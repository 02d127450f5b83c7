import {
  createVideoClipLoader,
  pickVideos,
  repeatVideos,
  withoutVideos,
  type VideoEntry,
  type Videos,
} from '@umt/data';
import type { Student } from '@umt/vit';
import { ConfigError } from '../config/config-error.ts';
import type { PretrainConfig } from '../config/pretrain-config.ts';
import { spreadIndices } from '../training/spread.ts';
import { evaluateBlindGuess, evaluateStudent, meanTarget } from './evaluate.ts';
import type { FrozenTeacher } from './frozen-teacher.ts';
import type { VideoBatch } from './pretrain-task.ts';
import { clipOptionsOf } from './train-options.ts';

/** Clips over which a student is measured, and over which the guess without a look is averaged. */
export const EVALUATION_CLIPS = 16;
const GUESS_CLIPS = 64;

/** Videos for training and videos to measure it by. */
export interface SplitVideos<List> {
  readonly training: List;
  readonly heldOut: List;
}

/**
 * Keeps videos out of training, evenly spread over the list: of 12 with 4 held out numbers 3, 6, 9 and 12.
 *
 * @throws ConfigError when none would be left to train on
 */
export function splitVideos(videos: readonly VideoEntry[], heldOutCount: number): SplitVideos<readonly VideoEntry[]>;
export function splitVideos(videos: Videos, heldOutCount: number): SplitVideos<Videos>;
export function splitVideos(videos: Videos, heldOutCount: number): SplitVideos<Videos> {
  if (heldOutCount > 0 && heldOutCount >= videos.length) {
    throw new ConfigError(
      `data.heldOut must leave a video to train on: there ${videos.length === 1 ? 'is 1 video' : `are ${videos.length} videos`}, ` +
        `and ${heldOutCount} would be held out (--data.held-out)`,
      ['data.heldOut'],
    );
  }
  const chosen = heldOutCount === 0 ? [] : spreadIndices(videos.length, heldOutCount);
  return { training: withoutVideos(videos, chosen), heldOut: pickVideos(videos, chosen) };
}

/** A clip batch that knows which videos it shows. */
export type NamedBatch = VideoBatch & { readonly paths: readonly string[] };

/**
 * Clips of videos that stay the same: as training draws them in epoch 0, but never mirrored, one after the other from each
 * video, `count` or a little more.
 */
export async function fixedClips(
  config: PretrainConfig,
  videos: Videos,
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
  async blindLoss(training: Videos): Promise<number> {
    const options = { teacher: this.#teacher, config: this.#config, batches: this.clips };
    const guess = await meanTarget(options, clipsOf(this.#config, someOf(training, GUESS_CLIPS), GUESS_CLIPS));
    try {
      return await evaluateBlindGuess(guess, options);
    } finally {
      guess.dispose();
    }
  }
}

async function* clipsOf(config: PretrainConfig, videos: Videos, count: number): AsyncGenerator<NamedBatch> {
  const entries = repeatVideos(videos, Math.ceil(count / videos.length));
  const batchSize = largestDivisor(entries.length, config.batch.size);
  const clip = { ...clipOptionsOf(config), flipProbability: 0, copies: 1 };
  const loader = createVideoClipLoader({
    ...{ entries, seed: config.seed, clip, batchSize, shuffle: false, epochs: 1 },
    maxUnreadableShare: 1, // training decides how many are too many
  });
  try {
    yield* loader.batches(0, 0);
  } finally {
    await loader.close();
  }
}

/** At most `count` videos, evenly spread: a list may be far longer than what is looked at. */
export function someOf(videos: Videos, count: number): Videos {
  return videos.length <= count ? videos : pickVideos(videos, spreadIndices(videos.length, count));
}

/** Batches of one size, none left over, and none larger than what training puts through the models. */
function largestDivisor(total: number, limit: number): number {
  for (let size = Math.min(total, limit); size > 1; size--) if (total % size === 0) return size;
  return 1;
}
