import { loadParameters, renamedSource, type ParameterSource } from '@umt/nn';
import { resizePositionTable, type TokenGrid } from '@umt/tokenizer';
import { fromHuggingFaceLayout, isHuggingFaceLayout } from './hugging-face-layout.ts';
import { checkTeacherConfig, type TeacherConfig } from './teacher-config.ts';
import type { Teacher } from './teacher.ts';

/** A checkpoint does not hold the visual tower of a CLIP. */
export class ClipCheckpointError extends Error {
  override readonly name = 'ClipCheckpointError';
}

const PREFIX = 'visual.';
/** What PyTorch's data-parallel wrappers put before every name. */
const WRAPPER = /^module\./;
const LETTERS: Readonly<Record<string, string>> = { '768x12': 'B', '1024x24': 'L' };
/** What no other model has together. */
const TOWER_NAMES = ['class_embedding', 'positional_embedding', 'proj', 'conv1.weight', 'ln_pre.weight'];
/** OpenAI's towers all have heads of this width. */
const HEAD_WIDTH = 64;

/**
 * Sets a teacher's parameters from OpenAI's weights: those of the whole model, of the visual tower alone (UMT's
 * `vit_b16.pth` and `vit_l14.pth`), or as Hugging Face has them; with or without `module.` before every name. See `openAiSource` for what is converted. Every tensor of
 * the tower must be there.
 *
 * @throws ClipCheckpointError when it is no CLIP, ParameterMismatchError of @umt/nn when it does not fit the teacher
 */
export async function loadOpenAiTeacher(teacher: Teacher, checkpoint: ParameterSource): Promise<void> {
  await loadParameters(teacher, openAiSource(checkpoint, teacher.config));
}

/**
 * The size of the tower in a checkpoint, at the resolution it was trained at; what a checkpoint cannot tell is as in UMT's
 * recipes.
 *
 * @param changes fields that shall be otherwise, such as `resolution` or `alignedLayers`
 * @throws ClipCheckpointError when it is no CLIP, RangeError naming the field that is wrong
 */
export function openAiConfig(checkpoint: ParameterSource, changes: Partial<TeacherConfig> = {}): TeacherConfig {
  const sizes = towerSizes(towerOf(checkpoint));
  const config: TeacherConfig = {
    ...sizes,
    alignedLayers: Math.min(6, sizes.layers),
    layerInterval: 1,
    normalize: 'l2',
    ...changes,
  };
  checkTeacherConfig(config);
  return config;
}

/** A CLIP in a checkpoint. */
export interface ClipDescription {
  readonly model: 'clip-vision';
  /** One line, such as `CLIP ViT-L/14 visual tower, 336 px`. */
  readonly summary: string;
}

/** Whether a checkpoint holds the visual tower of a CLIP, and of which, from names and shapes; null where it does not. */
export function describeClipCheckpoint(checkpoint: ParameterSource): ClipDescription | null {
  const tower = towerOf(checkpoint);
  const [positions = 0] = tower.shapes.get('positional_embedding') ?? [];
  const isTower = TOWER_NAMES.every((name) => tower.shapes.has(name)) && Number.isInteger(Math.sqrt(positions - 1));
  if (!isTower) return null;
  const { width, layers, patch, resolution } = towerSizes(tower);
  const letter = LETTERS[`${width}x${layers}`];
  const size = letter ? `ViT-${letter}/${patch}` : `of width ${width} and ${layers} layers, patch ${patch},`;
  return { model: 'clip-vision', summary: `CLIP ${size} visual tower, ${resolution} px` };
}

/**
 * Presents OpenAI's weights as a teacher's: of a whole model only what is under `visual.`, without that prefix; the
 * image's patch kernel inflated to the tubelet's frames (its weights in frame floor(k / 2), zeros around); the position
 * table resized bicubically to the grid of the configured resolution, the class token's row as it is. Tensors are read and
 * changed when asked for.
 *
 * @throws ClipCheckpointError when it is no CLIP
 */
export function openAiSource(
  checkpoint: ParameterSource,
  { patch, tubelet, resolution }: TeacherConfig,
): ParameterSource {
  const tower = towerOf(checkpoint);
  const kernel = shapeOf(tower, 'conv1.weight');
  const isImageKernel = kernel.length === 4;
  const [positions = 0, width = 0] = shapeOf(tower, 'positional_embedding');
  const own = square(sideOf(positions - 1));
  const wanted = square(resolution / patch);

  const shapes = new Map(tower.shapes);
  if (isImageKernel) shapes.set('conv1.weight', [...kernel.slice(0, 2), tubelet, ...kernel.slice(2)]);
  shapes.set('positional_embedding', [1 + wanted.rows * wanted.columns, width]);

  return {
    shapes,
    async read(name) {
      const data = await tower.read(name);
      if (name === 'conv1.weight' && isImageKernel) return inflate(data, (kernel[2] ?? 0) * (kernel[3] ?? 0), tubelet);
      if (name !== 'positional_embedding') return data;
      const patchRows = resizePositionTable(data.subarray(width), width, own, wanted);
      const table = new Float32Array(width + patchRows.length);
      table.set(data.subarray(0, width));
      table.set(patchRows, width);
      return table;
    },
  };
}

/** The visual tower under OpenAI's names, without prefix, from whatever layout the checkpoint has. */
function towerOf(checkpoint: ParameterSource): ParameterSource {
  const bare = renamedSource(checkpoint, (name) => name.replace(WRAPPER, ''));
  if (isHuggingFaceLayout(bare)) return fromHuggingFaceLayout(bare);
  if (![...bare.shapes.keys()].some((name) => name.startsWith(PREFIX))) return bare;
  return renamedSource(bare, (name) => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : null));
}

type TowerSizes = Pick<
  TeacherConfig,
  'width' | 'layers' | 'heads' | 'patch' | 'tubelet' | 'resolution' | 'outputWidth'
>;

function towerSizes(tower: ParameterSource): TowerSizes {
  const [width = 0, , ...kernel] = shapeOf(tower, 'conv1.weight');
  const patch = kernel.at(-1) ?? 0;
  const [positions = 0] = shapeOf(tower, 'positional_embedding');
  const [, outputWidth = 0] = shapeOf(tower, 'proj');
  const layers = new Set(
    [...tower.shapes.keys()].flatMap((name) => /^transformer\.resblocks\.(\d+)\./.exec(name)?.[1] ?? []),
  ).size;
  return {
    width,
    layers,
    heads: width / HEAD_WIDTH,
    patch,
    tubelet: kernel.length === 3 ? (kernel[0] ?? 1) : 1,
    resolution: sideOf(positions - 1) * patch,
    outputWidth,
  };
}

function shapeOf(tower: ParameterSource, name: string): readonly number[] {
  const shape = tower.shapes.get(name);
  if (shape) return shape;
  throw new ClipCheckpointError(
    `the checkpoint has no '${name}': it is not OpenAI's CLIP; give the whole model or its visual tower`,
  );
}

function sideOf(patches: number): number {
  const side = Math.sqrt(patches);
  if (Number.isInteger(side) && side > 0) return side;
  throw new ClipCheckpointError(
    `the checkpoint's positional_embedding has ${patches} patch rows, which make no square grid`,
  );
}

function square(side: number): TokenGrid {
  return { frames: 1, rows: side, columns: side };
}

/** [.., p, p] -> [.., k, p, p]: the image's kernel in the middle frame. */
function inflate(kernel: Float32Array, area: number, frames: number): Float32Array {
  const inflated = new Float32Array(kernel.length * frames);
  const middle = Math.floor(frames / 2);
  for (let start = 0; start < kernel.length; start += area) {
    inflated.set(kernel.subarray(start, start + area), start * frames + middle * area);
  }
  return inflated;
}
