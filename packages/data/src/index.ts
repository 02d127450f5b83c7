import { openShardSet as open, type OpenShardSet } from './shards/open-shard-set.ts';
import { workerHost } from './spawn.ts';
import { viewLoaderFactory, type ViewLoader, type ViewLoaderOptions } from './view-loader.ts';
import { videoClipLoaderFactory, type VideoClipLoader, type VideoClipLoaderOptions } from './video-clip-loader.ts';

export { BatchPlan, epochOrder, type BatchPlanOptions, type SampleOrder } from './batch-plan.ts';
export type { ClipBatch } from './clip-batch.ts';
export type {
  ClassificationSampling,
  ClipOptions,
  FinetuneClipOptions,
  FrameSampling,
  PretrainClipOptions,
  SharedClipOptions,
  TrainingClipOptions,
  ViewClipOptions,
} from './clip-options.ts';
export type { ClipRequest } from './clip-plan.ts';
export type { LoadClip } from './clip-reader.ts';
export { DataError, DataWorkerError, ManifestError, UnreadableSamplesError } from './data-error.ts';
export type { Dataset } from './dataset.ts';
export type { LabeledVideos } from './class-numbers.ts';
export { parseLabeledList, type LabeledListOptions } from './labeled-list.ts';
export { listVideos, VIDEO_EXTENSIONS, type FolderOptions } from './list-videos.ts';
export { readLabeledVideos, readManifest, type LabeledVideosOptions } from './read-manifest.ts';
export type { RandAugmentFilter } from './rand-augment/config.ts';
export type { ErasingOptions } from './random-erasing.ts';
export { Loader, type BatchPlace, type LoaderOptions } from './loader.ts';
export {
  labelsOf,
  parseManifest,
  type CaptionEntry,
  type ChoiceEntry,
  type Manifest,
  type ManifestKinds,
  type ManifestOptions,
  type QuestionEntry,
  type VideoEntry,
} from './manifest.ts';
export { mixBatch, type MixedBatch, type MixOptions } from './mix-batch.ts';
export type { BrokenPart } from './shards/check-shard.ts';
export type { FrameEncoding, ShardFile, ShardIndex, ShardSampleMeta } from './shards/format.ts';
export type { FrameChoices, ShardChoices } from './shards/pack-options.ts';
export {
  packShards,
  type PackEvent,
  type PackShards,
  type PackShardsOptions,
  type PackSummary,
} from './shards/pack-shards.ts';
export {
  verifyShards,
  verifyVideos,
  type ShardsVerified,
  type VerifyOptions,
  type VerifyShards,
  type VerifyShardsOptions,
  type VerifyVideos,
  type VerifyVideosOptions,
  type VideosVerified,
} from './shards/verify.ts';
export { drawMultiScaleCrop, multiScaleCropSizes, type Box } from './multi-scale-crop.ts';
export { httpStore, type HttpStoreOptions } from './shards/http-store.ts';
export type { OpenShardSet } from './shards/open-shard-set.ts';
export { ShardError, ShardSourceError } from './shards/shard-error.ts';
export type { OpenSampleOptions, ShardSet } from './shards/shard-set.ts';
export type { ShardStore } from './shards/shard-store.ts';
export { quarantineFile } from './quarantine-file.ts';
export type { BadVideo, QuarantineStore } from './quarantine.ts';
export {
  VideoClipDataset,
  type UnreadableSample,
  type VideoClip,
  type VideoClipDatasetOptions,
} from './video-clip-dataset.ts';
export {
  entriesOf,
  pickVideos,
  repeatVideos,
  videoListOf,
  withoutVideos,
  type VideoList,
  type Videos,
} from './video-list.ts';
export type { VideoClipLoader, VideoClipLoaderOptions } from './video-clip-loader.ts';
export { windowedOrder, type WindowedOrderOptions } from './windowed-order.ts';
export type { UnreadableVideo, ViewBatch, ViewLoader, ViewLoaderOptions, ViewPlace } from './view-loader.ts';

/**
 * Batches of training clips from a list of videos, decoded in worker threads or here. It has the shape that the trainer
 * of @umt/trainer takes batches from.
 *
 * @throws DataError naming the option that is wrong, or when the videos do not fill one batch
 */
export const createVideoClipLoader: (options: VideoClipLoaderOptions) => VideoClipLoader = videoClipLoaderFactory(
  workerHost,
  open,
);

/**
 * All views of a list of videos for evaluation, decoded in worker threads or here. See {@link ViewLoader}.
 *
 * @throws DataError when there is no video, or naming the option that is wrong
 */
export const createViewLoader: (options: ViewLoaderOptions) => ViewLoader = viewLoaderFactory(workerHost, open);

/**
 * Opens a shard set: in Node from a folder, in browsers too from an http(s) address or a store. Its samples are read as
 * they are wanted; it is a list of videos for `createVideoClipLoader` and `createViewLoader`.
 *
 * @throws ShardError when there is none, or its index is damaged; ShardSourceError when the source does not answer
 */
export const openShardSet: OpenShardSet = open;
