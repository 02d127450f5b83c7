import { random } from '@umt/random';
import {
  frameToTensor,
  IMAGENET_MEAN,
  IMAGENET_STD,
  openVideo,
  samplePretrainDense,
  sampleSegmentsTrain,
  VideoError,
  type Picture,
  type RgbTriple,
} from '@umt/video';
import { checkClipOptions, sampleLength, type ClipOptions } from './clip-options.ts';
import { applyColorJitter, drawColorJitter, type ColorJitter } from './color-jitter.ts';
import type { VideoEntry } from './manifest.ts';
import { drawMultiScaleCrop, type Box } from './multi-scale-crop.ts';
import { VideoCache, type ClipVideo } from './video-cache.ts';

/** One sample to be made: which video, and the key of its random numbers. */
export interface ClipRequest {
  readonly entry: VideoEntry;
  readonly seed: number;
  readonly epoch: number;
  /** The sample's index, which stays the same where another video substitutes for an unreadable one. */
  readonly index: number;
}

/** Makes a sample: float32 [copies, T, H, W, 3], normalised. Rejects with a VideoError when the video cannot be read. */
export type LoadClip = (request: ClipRequest) => Promise<Float32Array>;

/** How a copy of the clip is augmented: the same in all its frames. */
interface Augmentation {
  readonly box: Box;
  readonly isFlipped: boolean;
  readonly jitter: ColorJitter;
}

/** Opens, samples, decodes and augments: what a worker does, or the main thread without workers. */
export class ClipReader {
  readonly #options: ClipOptions;
  readonly #open: (entry: VideoEntry) => Promise<ClipVideo>;
  readonly #cache: VideoCache | undefined;

  /**
   * @param open how a video is opened; default `openVideo` of @umt/video
   * @throws DataError naming the option that is wrong
   */
  constructor(options: ClipOptions, open?: (entry: VideoEntry) => Promise<ClipVideo>) {
    checkClipOptions(options);
    this.#options = options;
    const decoder = options.decoder === undefined ? {} : { decoder: options.decoder };
    this.#open = open ?? (({ path, source }) => openVideo(source ?? path, { name: path, ...decoder }));
    this.#cache = (options.cacheBytes ?? 0) > 0 ? new VideoCache(options.cacheBytes ?? 0) : undefined;
  }

  /** Makes one sample. See {@link LoadClip}. */
  async read(request: ClipRequest): Promise<Float32Array> {
    const video = await this.#videoOf(request.entry);
    try {
      const clip = new Float32Array(sampleLength(this.#options));
      const augmentations = this.#drawAugmentations(video, request);
      let frame = 0;
      for await (const picture of video.frames(this.#drawFrames(video, request))) {
        for (const [copy, augmentation] of augmentations.entries())
          this.#place(picture, augmentation, copy, frame, clip);
        frame++;
      }
      if (frame !== this.#options.frames) {
        const problem = `${request.entry.path}: ${frame} of ${this.#options.frames} frames could be decoded`;
        throw new VideoError('undecodable', problem);
      }
      return clip;
    } finally {
      await video.close();
    }
  }

  async #videoOf(entry: VideoEntry): Promise<ClipVideo> {
    const held = this.#cache?.get(entry.path);
    if (held !== undefined) return held;
    const video = await this.#open(entry);
    try {
      return this.#cache === undefined ? video : await this.#cache.admit(entry.path, video);
    } catch (error) {
      await video.close();
      throw error;
    }
  }

  #drawFrames({ frameCount }: ClipVideo, { seed, epoch, index }: ClipRequest): readonly number[] {
    const { frames, sampling = { kind: 'segments' } } = this.#options;
    const stream = random({ seed, stream: 'data/frames', step: epoch, index });
    const draw = (low: number, high: number) => stream.integer(low, high);
    if (sampling.kind === 'segments') return sampleSegmentsTrain({ frameCount, frames }, draw);
    return samplePretrainDense({ frameCount, frames, rate: sampling.rate }, draw);
  }

  /** Copy after copy from one stream, so the first clip is the same whatever the number of copies. */
  #drawAugmentations({ width, height }: ClipVideo, { seed, epoch, index }: ClipRequest): readonly Augmentation[] {
    const { size, copies = 1, flipProbability = 0.5, colorJitter = 0 } = this.#options;
    const geometry = random({ seed, stream: 'data/augment', step: epoch, index });
    const color = random({ seed, stream: 'data/color', step: epoch, index });
    return Array.from({ length: copies }, () => ({
      box: drawMultiScaleCrop(width, height, size, geometry),
      isFlipped: geometry.uniform() < flipProbability,
      jitter: colorJitter > 0 ? drawColorJitter(colorJitter, color) : [],
    }));
  }

  #place(picture: Picture, augmentation: Augmentation, copy: number, frame: number, clip: Float32Array): void {
    const { frames, size, mean = IMAGENET_MEAN, std = IMAGENET_STD } = this.#options;
    const offset = (copy * frames + frame) * size * size * 3;
    const { box, isFlipped: flip, jitter } = augmentation;
    const geometry = { box, width: size, height: size, flip, filter: 'bilinear', antialias: true } as const;
    if (jitter.length === 0) {
      frameToTensor(picture, { ...geometry, mean, std }, clip, offset);
      return;
    }
    frameToTensor(picture, { ...geometry, mean: [0, 0, 0], std: [1, 1, 1] }, clip, offset);
    const rgb = clip.subarray(offset, offset + size * size * 3);
    applyColorJitter(rgb, jitter);
    normalize(rgb, mean, std);
  }
}

function normalize(rgb: Float32Array, mean: RgbTriple, std: RgbTriple): void {
  for (let i = 0; i < rgb.length; i += 3) {
    rgb[i] = ((rgb[i] ?? 0) - mean[0]) / std[0];
    rgb[i + 1] = ((rgb[i + 1] ?? 0) - mean[1]) / std[1];
    rgb[i + 2] = ((rgb[i + 2] ?? 0) - mean[2]) / std[2];
  }
}
