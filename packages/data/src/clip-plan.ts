import type { Picture } from '@umt/video';
import type { ClipOptions } from './clip-options.ts';
import { planFinetuneClips } from './finetune-clips.ts';
import type { VideoEntry } from './manifest.ts';
import { planPretrainClips } from './pretrain-clips.ts';
import type { ClipVideo } from './video-cache.ts';
import { planViews } from './view-clips.ts';

/** One sample to be made: which video, and the key of its random numbers. */
export interface ClipRequest {
  readonly entry: VideoEntry;
  readonly seed: number;
  readonly epoch: number;
  /** The sample's index, which stays the same where another video substitutes for an unreadable one. */
  readonly index: number;
}

/** How one sample comes of one video, everything random drawn: which frames are read and what becomes of each. */
export interface ClipPlan {
  /** Indices of the frames to decode, in the order `place` takes them. */
  readonly frames: readonly number[];
  /** Puts the frame at `position` of `frames` into the sample. */
  place(picture: Picture, position: number): void;
  /** Called when every frame is in its place. */
  finish(): void;
}

/** What a plan is made for: an open video, the sample it is for, and where its clips go ([clips, T, H, W, 3]). */
export interface PlanTarget {
  readonly video: Pick<ClipVideo, 'frameCount' | 'width' | 'height'>;
  readonly request: Omit<ClipRequest, 'entry'>;
  readonly out: Float32Array;
}

/** Plans a sample, as a pure function of the options, the video's size and (seed, epoch, index). */
export function planClips(options: ClipOptions, target: PlanTarget): ClipPlan {
  if (options.kind === 'views') return planViews(options, target);
  if (options.kind === 'finetune') return planFinetuneClips(options, target);
  return planPretrainClips(options, target);
}
