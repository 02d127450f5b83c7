// B clips, T frames of H x W pixels, N tokens, D width, C classes.
import { float32Source, type TensorFile } from '@umt/checkpoint';
import type { ClassificationSampling } from '@umt/data';
import type { ParameterSource } from '@umt/nn';
import { mean, tensorLike, type Tensor } from '@umt/tensor';
import { tokenCount } from '@umt/tokenizer';
import {
  checkStudentConfig,
  describeVitCheckpoint,
  loadStudent,
  ReferenceCheckpointError,
  Student,
  studentGrid,
  type ClassifierConfig,
  type StudentConfig,
} from '@umt/vit';
import { readCard, type ClassifierCard } from '../classifier/classifier-card.ts';
import { guessCard, loadClipClassifier } from '../classifier/load-clip-classifier.ts';
import { studentConfigOfSpec } from '../forward/umt-pretrain.ts';
import { specOf } from '../inspect/spec-of.ts';
import { readStudentConfig } from '../stage1/student-card.ts';

/** Sizes that a checkpoint of another program does not tell: given, they are taken. */
export interface ModelSizes {
  /** Attention heads; default as many as make them 64 wide, as the published models have them. */
  readonly heads?: number;
  /** Frames of a clip; default what the checkpoint's positions are for, else 8. */
  readonly frames?: number;
  /** Height and width of a clip in pixels; default what the checkpoint's positions are for, else 224. */
  readonly imageSize?: number;
}

/** What a model makes of clips. */
export interface ClipEmbedding {
  /** [B, D] */
  readonly pooled: Tensor;
  /** [B, N, D] */
  readonly tokens: Tensor;
}

/** A trained model that looks at clips. */
export interface VideoModel {
  readonly frames: number;
  readonly imageSize: number;
  readonly shortSide: number;
  readonly sampling: ClassificationSampling;
  /** [B, T, H, W, 3] -> its embedding. */
  embed(video_BTHWC: Tensor): ClipEmbedding;
  /** Lets the weights go; the engine stays. */
  dispose(): void;
}

/** A model that also tells classes apart. */
export interface ClassifyingModel extends VideoModel {
  readonly card: ClassifierCard;
  /** [B, T, H, W, 3] -> [B, C] */
  logits(video_BTHWC: Tensor): Tensor;
}

/**
 * The classifier in a checkpoint, on the ambient engine.
 *
 * @throws ReferenceCheckpointError of @umt/vit when it is none, ParameterMismatchError of @umt/nn when its tensors do not
 *   make one
 */
export async function loadClassifyingModel(file: TensorFile, sizes: ModelSizes = {}): Promise<ClassifyingModel> {
  const source = float32Source(file);
  const found = describeVitCheckpoint(source);
  if (found?.model !== 'video-classifier') {
    const what = found
      ? `a ${found.summary}, no classifier; fine-tune it first`
      : 'no video classifier of this package';
    throw new ReferenceCheckpointError(`${file.name}: it is ${what}`);
  }
  const card = readCard(file.metadata, file.name) ?? named(file, () => guessCard(source, changesOf(sizes)));
  const model = await loadClipClassifier(card, source);
  const { frames, imageSize } = card.model;
  return {
    card,
    frames,
    imageSize,
    shortSide: card.shortSide,
    sampling: card.sampling,
    logits: (video_BTHWC) => model.logits(video_BTHWC),
    embed(video_BTHWC) {
      const { features, tokens } = model.classifier.forward(video_BTHWC);
      return { pooled: features, tokens };
    },
    dispose: () => model.dispose(),
  };
}

/**
 * The classifier or the pre-trained student in a checkpoint, on the ambient engine. A student's tokens are those of its last
 * block after the encoder's norm, and their mean is what is pooled.
 *
 * @throws ReferenceCheckpointError of @umt/vit when it is neither, ParameterMismatchError of @umt/nn when its tensors do not
 *   make one
 */
export async function loadVideoModel(file: TensorFile, sizes: ModelSizes = {}): Promise<VideoModel> {
  const source = float32Source(file);
  if (describeVitCheckpoint(source)?.model !== 'umt-pretrain') return loadClassifyingModel(file, sizes);
  const config = readStudentConfig(file.metadata, file.name) ?? named(file, () => guessStudent(source, sizes));
  const student = new Student(config);
  try {
    await loadStudent(student, source);
  } catch (error) {
    student.dispose();
    throw error;
  }
  return studentModel(student);
}

function studentModel(student: Student): VideoModel {
  const { frames, imageSize, depth } = student.config;
  return {
    frames,
    imageSize,
    shortSide: imageSize,
    sampling: { kind: 'sparse' },
    embed(video_BTHWC) {
      const clips = video_BTHWC.shape[0] ?? 0;
      const count = tokenCount(studentGrid(student.config));
      const all = Int32Array.from({ length: clips * count }, (_, index) => index % count);
      const visible = tensorLike(video_BTHWC, all, [clips, count], 'int32');
      const tokens = student.forward(video_BTHWC, visible).layers.get(depth - 1);
      if (!tokens) throw new Error('the student did not return its last block');
      return { pooled: mean(tokens, { axes: 1 }), tokens };
    },
    dispose: () => student.dispose(),
  };
}

function guessStudent(source: ParameterSource, { heads, frames, imageSize }: ModelSizes): StudentConfig {
  const { config } = specOf('umt-pretrain', source, heads);
  const guessed = studentConfigOfSpec(config);
  const student = { ...guessed, frames: frames ?? guessed.frames, imageSize: imageSize ?? guessed.imageSize };
  checkStudentConfig(student);
  return student;
}

function changesOf({ heads, frames, imageSize }: ModelSizes): Partial<ClassifierConfig> {
  return {
    ...(heads === undefined ? {} : { heads }),
    ...(frames === undefined ? {} : { frames }),
    ...(imageSize === undefined ? {} : { imageSize }),
  };
}

/** Names the file in an error about its sizes. */
function named<T>(file: TensorFile, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error) error.message = `${file.name}: ${error.message}`;
    throw error;
  }
}
