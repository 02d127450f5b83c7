import type { ParameterSource } from '@umt/nn';

/** Hugging Face's names outside the layers, to OpenAI's. (`pre_layrnorm` is spelt so there.) */
const NAMES: Readonly<Record<string, string>> = {
  'vision_model.embeddings.class_embedding': 'class_embedding',
  'vision_model.embeddings.position_embedding.weight': 'positional_embedding',
  'vision_model.embeddings.patch_embedding.weight': 'conv1.weight',
  'vision_model.pre_layrnorm.weight': 'ln_pre.weight',
  'vision_model.pre_layrnorm.bias': 'ln_pre.bias',
  'vision_model.post_layernorm.weight': 'ln_post.weight',
  'vision_model.post_layernorm.bias': 'ln_post.bias',
};

/** Their names within a layer, to OpenAI's. */
const LAYER_NAMES: Readonly<Record<string, string>> = {
  layer_norm1: 'ln_1',
  layer_norm2: 'ln_2',
  'self_attn.out_proj': 'attn.out_proj',
  'mlp.fc1': 'mlp.c_fc',
  'mlp.fc2': 'mlp.c_proj',
};

const LAYER = /^vision_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)$/;
const PROJECTION = 'visual_projection.weight';

/** Whether a checkpoint has the names of Hugging Face's CLIPModel or CLIPVisionModelWithProjection. */
export function isHuggingFaceLayout(checkpoint: ParameterSource): boolean {
  return checkpoint.shapes.has('vision_model.embeddings.class_embedding');
}

/**
 * Presents the visual tower of Hugging Face's CLIP under OpenAI's names and in its shapes: queries, keys and values, which
 * are apart there, as one tensor, and the projection transposed. Everything else in the checkpoint is left out.
 */
export function fromHuggingFaceLayout(checkpoint: ParameterSource): ParameterSource {
  const shapes = new Map<string, readonly number[]>();
  const readers = new Map<string, () => Promise<Float32Array>>();
  const present = (name: string, shape: readonly number[], read: () => Promise<Float32Array>) => {
    shapes.set(name, shape);
    readers.set(name, read);
  };

  for (const [name, shape] of checkpoint.shapes) {
    const read = async () => checkpoint.read(name);
    const [, layer, part = '', kind] = LAYER.exec(name) ?? [];
    const ownName = layer === undefined ? NAMES[name] : layerName(layer, part, kind);
    if (ownName !== undefined) present(ownName, shape, read);
    if (part === 'self_attn.q_proj') {
      const parts = ['q', 'k', 'v'].map((letter) => name.replace('q_proj', `${letter}_proj`));
      const [rows = 0, ...rest] = shape;
      present(`transformer.resblocks.${layer}.attn.in_proj_${kind}`, [3 * rows, ...rest], () =>
        joined(checkpoint, parts),
      );
    }
    if (name === PROJECTION) {
      const [outputs = 0, width = 0] = shape;
      present('proj', [width, outputs], async () => transposed(await read(), outputs, width));
    }
  }

  return {
    shapes,
    async read(name) {
      const reader = readers.get(name);
      if (!reader) throw new Error(`there is no '${name}' in this checkpoint of Hugging Face's CLIP`);
      return reader();
    },
  };
}

function layerName(layer: string, part: string, kind: string | undefined): string | undefined {
  const own = LAYER_NAMES[part];
  return own === undefined ? undefined : `transformer.resblocks.${layer}.${own}.${kind}`;
}

async function joined(checkpoint: ParameterSource, names: readonly string[]): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (const name of names) parts.push(await checkpoint.read(name));
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let start = 0;
  for (const part of parts) {
    whole.set(part, start);
    start += part.length;
  }
  return whole;
}

/** [rows, columns] -> [columns, rows] */
function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = data[row * columns + column] ?? 0;
  }
  return result;
}
