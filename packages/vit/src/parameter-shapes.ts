import { checkStudentConfig, type StudentConfig } from './student-config.ts';

/**
 * The names and shapes of a student's parameters in the order of the reference's state dict, without making any.
 *
 * @throws RangeError naming the field of the configuration that is wrong
 */
export function studentParameterShapes(config: StudentConfig): ReadonlyMap<string, readonly number[]> {
  checkStudentConfig(config);
  const { width: D, targetWidth: C, patch, tubelet } = config;
  const hidden = Math.trunc(D * config.mlpRatio);
  const shapes = new Map<string, readonly number[]>();
  shapes.set('encoder.patch_embed.proj.weight', [D, 3, tubelet, patch, patch]);
  shapes.set('encoder.patch_embed.proj.bias', [D]);
  for (let index = 0; index < config.depth; index++) {
    const block = `encoder.blocks.${index}`;
    if (config.initValues > 0) {
      shapes.set(`${block}.gamma_1`, [D]);
      shapes.set(`${block}.gamma_2`, [D]);
    }
    setNorm(shapes, `${block}.norm1`, D);
    shapes.set(`${block}.attn.q_bias`, [D]);
    shapes.set(`${block}.attn.v_bias`, [D]);
    shapes.set(`${block}.attn.qkv.weight`, [3 * D, D]);
    setLinear(shapes, `${block}.attn.proj`, D, D);
    setNorm(shapes, `${block}.norm2`, D);
    setLinear(shapes, `${block}.mlp.fc1`, D, hidden);
    setLinear(shapes, `${block}.mlp.fc2`, hidden, D);
  }
  setNorm(shapes, 'encoder.norm', D);
  for (let slot = 0; slot < config.alignedLayers; slot++) {
    setLinear(shapes, `clip_decoder.${slot}.head`, D, C);
    setNorm(shapes, `clip_decoder.${slot}.norm`, C);
  }
  return shapes;
}

function setLinear(shapes: Map<string, readonly number[]>, name: string, inputs: number, outputs: number): void {
  shapes.set(`${name}.weight`, [outputs, inputs]);
  shapes.set(`${name}.bias`, [outputs]);
}

function setNorm(shapes: Map<string, readonly number[]>, name: string, width: number): void {
  shapes.set(`${name}.weight`, [width]);
  shapes.set(`${name}.bias`, [width]);
}
