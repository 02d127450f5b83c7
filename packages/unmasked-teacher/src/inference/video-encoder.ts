// V views (clips along time times crops) of a video, N tokens of a view, D width.
import { openCheckpoint, type CheckpointSource, type TensorFile } from '@umt/checkpoint';
import { createViewLoader, type VideoEntry, type ViewBatch } from '@umt/data';
import { loadEngine } from '@umt/runtime';
import { cast, read, scope, tensor, withoutGradients, type Engine, type Tensor } from '@umt/tensor';
import { loadVideoModel, type ModelSizes, type VideoModel } from './video-model.ts';
import { ambientEngine, withAmbient } from './with-ambient.ts';

/** A video: in Node a path, in browsers an address; or a picked file, or its bytes. */
export type VideoInput = string | URL | Blob | Uint8Array<ArrayBuffer>;

/** How a trained model is loaded. */
export interface PretrainedOptions extends ModelSizes {
  /** Where it runs; the caller's to dispose. Default: the engine of `setEngine`, or where there is none, one of its own. */
  readonly engine?: Engine;
  /** Which engine it starts for itself, by name, as `loadEngine` of @umt/runtime takes it. */
  readonly device?: string;
}

/** How a video is looked at. */
export interface ViewOptions {
  /** Clips along time. Default 1; the published accuracies are of 4. */
  readonly clips?: number;
  /** Square windows along the longer side. Default 1, the middle one; the published accuracies are of 3. */
  readonly crops?: number;
  /** Views that pass through the model at once. Default 1. */
  readonly batchSize?: number;
  /** Told of every view that was looked at. */
  readonly onView?: (done: number, total: number) => void;
}

/** Numbers in row-major order with their shape. */
export interface Embedding {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** An engine and whether it goes with the model. */
export interface EngineLease {
  readonly engine: Engine;
  readonly isOwn: boolean;
}

/** A trained video transformer that turns videos into features: a fine-tuned classifier or a pre-trained student. */
export class VideoEncoder {
  readonly #model: VideoModel;
  readonly #lease: EngineLease;

  /** Use `fromPretrained`. Takes the model over. */
  protected constructor(model: VideoModel, lease: EngineLease) {
    this.#model = model;
    this.#lease = lease;
  }

  /**
   * Loads a classifier or a student from any checkpoint: a `.pth` of the reference's release, a file that fine-tuning or
   * pre-training wrote here, or any with the official names.
   *
   * @throws CheckpointError of @umt/checkpoint naming the file, ReferenceCheckpointError of @umt/vit when it holds neither,
   *   ParameterMismatchError of @umt/nn when tensors are missing, DeviceError of @umt/runtime
   */
  static async fromPretrained(source: CheckpointSource, options: PretrainedOptions = {}): Promise<VideoEncoder> {
    const { model, lease } = await loadOn(source, options, (file) => loadVideoModel(file, options));
    return new VideoEncoder(model, lease);
  }

  /** Frames of a clip and its height and width in pixels, as the model takes them. */
  get clipSize(): { readonly frames: number; readonly imageSize: number } {
    const { frames, imageSize } = this.#model;
    return { frames, imageSize };
  }

  /**
   * What stands for a video: of a classifier what its head sees, of a student the mean of its tokens; averaged over the views.
   *
   * @returns [D]
   * @throws VideoError of @umt/video when it cannot be read
   */
  async features(video: VideoInput, options: ViewOptions = {}): Promise<Float32Array> {
    let sum: Float64Array | undefined;
    let views = 0;
    for await (const batch of this.views(video, options)) {
      const { shape, data } = await this.run(batch, (clip) => this.#model.embed(clip).pooled);
      const [rows = 0, width = 0] = shape;
      sum ??= new Float64Array(width);
      for (const [index, value] of data.entries()) sum[index % width] = (sum[index % width] ?? 0) + value;
      views += rows;
    }
    return Float32Array.from(sum ?? [], (value) => value / views);
  }

  /**
   * The embeddings of every token: of a classifier what its last block gives, of a student the same after the encoder's norm.
   *
   * @returns [V, N, D], tokens in (t, h, w) order
   * @throws VideoError of @umt/video when it cannot be read
   */
  async tokens(video: VideoInput, options: ViewOptions = {}): Promise<Embedding> {
    const parts: Embedding[] = [];
    for await (const batch of this.views(video, options)) {
      parts.push(await this.run(batch, (clip) => this.#model.embed(clip).tokens));
    }
    const [, ...rest] = parts[0]?.shape ?? [];
    const data = new Float32Array(parts.reduce((length, part) => length + part.data.length, 0));
    let start = 0;
    for (const part of parts) {
      data.set(part.data, start);
      start += part.data.length;
    }
    return { shape: [parts.reduce((rows, { shape }) => rows + (shape[0] ?? 0), 0), ...rest], data };
  }

  /** Lets the weights go, and the engine where it is the model's own. */
  dispose(): void {
    this.#model.dispose();
    if (this.#lease.isOwn) this.#lease.engine.dispose();
  }

  /** The views of a video in order. @throws VideoError when it cannot be read, DataError naming an option that is wrong */
  protected async *views(video: VideoInput, options: ViewOptions): AsyncGenerator<ViewBatch, void, undefined> {
    const { clips = 1, crops = 1, batchSize = 1, onView } = options;
    const { frames, imageSize: size, shortSide, sampling } = this.#model;
    const clip = { kind: 'views', frames, size, shortSide, sampling, clips, crops } as const;
    const loader = createViewLoader({ entries: [entryOf(video)], clip, batchSize });
    try {
      let done = 0;
      for await (const batch of loader.batches()) {
        yield batch;
        onView?.((done += batch.places.length), clips * crops);
      }
      const [broken] = loader.unreadable;
      if (broken) throw broken.cause;
    } finally {
      await loader.close();
    }
  }

  /** Runs the model on a batch of views, [V, T, H, W, 3], without gradients. */
  protected async run({ video, shape }: ViewBatch, model: (video_VTHWC: Tensor) => Tensor): Promise<Embedding> {
    const result = withAmbient(this.#lease.engine, () =>
      scope(() => withoutGradients(() => cast(model(tensor(video, shape)), 'float32'))),
    );
    try {
      const data = await read(result);
      return { shape: result.shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
    } finally {
      result.dispose();
    }
  }
}

/** Opens a checkpoint and loads a model from it, on an engine that is found or started. */
export async function loadOn<Model>(
  source: CheckpointSource,
  { engine, device }: PretrainedOptions,
  load: (file: TensorFile) => Promise<Model>,
): Promise<{ readonly model: Model; readonly lease: EngineLease }> {
  const file = await openCheckpoint(source);
  try {
    const lease = await leaseEngine(engine, device);
    try {
      // A model is built before its weights are waited for, and these go to where it is.
      return { model: await withAmbient(lease.engine, () => load(file)), lease };
    } catch (error) {
      if (lease.isOwn) lease.engine.dispose();
      throw error;
    }
  } finally {
    await file.close();
  }
}

async function leaseEngine(engine: Engine | undefined, device: string | undefined): Promise<EngineLease> {
  const given = engine ?? (device === undefined ? ambientEngine() : undefined);
  if (given) return { engine: given, isOwn: false };
  const loaded = await loadEngine(device === undefined ? {} : { device });
  return { engine: loaded.engine, isOwn: true };
}

function entryOf(video: VideoInput): VideoEntry {
  if (typeof video === 'string') return { path: video };
  if (video instanceof URL) return { path: video.href };
  if (video instanceof Uint8Array) return { path: 'video in memory', source: new Blob([video]) };
  return { path: 'name' in video && typeof video.name === 'string' ? video.name : 'video', source: video };
}
