import type { PretrainConfig } from '../config/pretrain-config.ts';

/** What the report of any run shows. Plain data. */
export interface RunReport {
  readonly config: { readonly recipe: string };
  /** The device in words. */
  readonly device: string;
  /** When the report was written. */
  readonly date: Date;
  readonly outcome: 'done' | 'stopped';
  readonly totalSteps: number;
  /** Clips per optimizer step. */
  readonly clipsPerStep: number;
  /** Steps whose update was left out because it was not finite. */
  readonly skippedSteps: number;
  /** One point per step, in order. */
  readonly steps: readonly StepPoint[];
  /** Videos that training used. */
  readonly trainingVideos: number;
  /** Samples that could not be decoded and were replaced by others. */
  readonly brokenVideos: readonly string[];
  /** What to type next. */
  readonly commands: readonly { readonly about: string; readonly command: string }[];
}

/** Everything the report of a pre-training run shows. */
export interface ReportData extends RunReport {
  readonly config: PretrainConfig;
  /** Null where no video was held out. */
  readonly heldOut: HeldOutSummary | null;
  readonly clips: readonly ClipPicture[];
}

/** One optimizer step. */
export interface StepPoint {
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  readonly samplesPerSecond: number;
  /** From 0 to 1. */
  readonly dataWaitShare: number;
}

/** How the student does on videos it was not trained on. */
export interface HeldOutSummary {
  readonly videos: readonly string[];
  readonly clips: number;
  readonly evaluations: readonly { readonly step: number; readonly loss: number }[];
  /** Loss of always predicting the mean training target of each layer and position, whatever the clip shows. */
  readonly blindLoss: number;
}

/** Frames side by side, left to right. */
export interface FrameStrip {
  readonly width: number;
  readonly height: number;
  /** RGB, row by row. */
  readonly rgb: Uint8Array;
}

/** One clip, as the report shows it. */
export interface ClipPicture {
  /** The video's name. */
  readonly name: string;
  readonly strip: FrameStrip;
  readonly frames: number;
  /** Patches per frame and side. */
  readonly grid: number;
  /** Teacher's class attention, frames x grid x grid, row by row, at any positive scale; null where the mask does not use it. */
  readonly attention: ArrayLike<number> | null;
  /** Positions (t, h, w) the student saw. */
  readonly visible: readonly number[];
}
