import { float32Source, type TensorFile } from '@umt/checkpoint';
import { describeClipCheckpoint } from '@umt/clip';
import { describeVitCheckpoint } from '@umt/vit';
import { readCard } from '../classifier/classifier-card.ts';
import type { ModelSpec } from '../forward/model-spec.ts';
import { readStudentConfig } from '../stage1/student-card.ts';
import { classifierSpec, specOf, studentSpec } from './spec-of.ts';

/** A tensor of a checkpoint. */
export interface InspectedTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly elements: number;
  /** Of its elements; null for a dtype that is not known. */
  readonly bytes: number | null;
}

/** The model that a checkpoint fits. */
export interface FittingModel {
  readonly type: ModelSpec['type'];
  /** One line, such as `video classifier L/16, 710 classes, 16 frames 224 px`. */
  readonly summary: string;
  /** Its description for `forward`; null where its sizes are none that names and shapes tell, with the reason. */
  readonly spec: ModelSpec | null;
  readonly problem: string | null;
}

/** What is in a checkpoint. */
export interface CheckpointInspection {
  readonly name: string;
  readonly format: TensorFile['format'];
  /** The key under which its tensors stand; empty for the file's top level. */
  readonly dictionary: string;
  readonly tensors: readonly InspectedTensor[];
  /** Of all tensors. */
  readonly elements: number;
  /** Of all tensors whose dtype is known. */
  readonly bytes: number;
  /** Tensors by dtype. */
  readonly dtypes: Readonly<Record<string, number>>;
  /** What else is in it: key to a short description. */
  readonly otherEntries: Readonly<Record<string, string>>;
  /** Free-form strings of a safetensors header. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Null where it is none of those that this package has. */
  readonly model: FittingModel | null;
}

/** Says what is in an open checkpoint and which model it fits, from names, shapes and types; reads no elements. */
export function inspectCheckpoint(file: TensorFile): CheckpointInspection {
  const tensors = [...file.tensors].map(([name, { dtype, shape }]) => {
    const elements = shape.reduce((product, length) => product * length, 1);
    const bits = bitsOf(dtype);
    return { name, dtype, shape, elements, bytes: bits === null ? null : (elements * bits) / 8 };
  });
  const dtypes: Record<string, number> = {};
  for (const { dtype } of tensors) dtypes[dtype] = (dtypes[dtype] ?? 0) + 1;
  return {
    name: file.name,
    format: file.format,
    dictionary: file.dictionary,
    tensors,
    elements: tensors.reduce((sum, { elements }) => sum + elements, 0),
    bytes: tensors.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
    dtypes,
    otherEntries: Object.fromEntries(file.otherEntries),
    metadata: file.metadata,
    model: fittingModel(file),
  };
}

function fittingModel(file: TensorFile): FittingModel | null {
  const source = float32Source(file);
  const found = describeVitCheckpoint(source) ?? describeClipCheckpoint(source);
  if (!found) return null;
  const { model: type, summary } = found;
  try {
    const own = ownConfig(file);
    if (!own) return { type, summary, spec: specOf(type, source), problem: null };
    const { frames, imageSize } = own.config;
    const clip = `${frames} frames ${imageSize} px`;
    return { type, summary: summary.replace(/, [^,]*$/, `, ${clip}`), spec: own.spec, problem: null };
  } catch (error) {
    return { type, summary, spec: null, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** What the file says of itself, where it was written by this package: it knows more than names and shapes tell. */
function ownConfig({ metadata, name }: TensorFile) {
  const card = readCard(metadata, name);
  if (card) return { config: card.model, spec: classifierSpec(card.model) };
  const student = readStudentConfig(metadata, name);
  return student && { config: student, spec: studentSpec(student) };
}

/** F32 is 32, BOOL 8, F8_E4M3 8. */
function bitsOf(dtype: string): number | null {
  if (dtype === 'BOOL') return 8;
  const bits = Number(/^(?:F|BF|I|U|C)(\d+)/.exec(dtype)?.[1]);
  return Number.isNaN(bits) ? null : bits;
}
