import { loadParameters, type Module, type ParameterSource } from '@umt/nn';
import { sizeOf, type Shape } from '@umt/tensor';

// The layer norm weights of all reference models; these start near 1, everything else near 0.
const NORM_WEIGHT = /(norm1|norm2|norm|fc_norm|ln_1|ln_2|ln_pre|ln_post)\.weight$/;

/**
 * The numbers that a name stands for in the reference fixtures: mulberry32, seeded by the name, uniform within
 * `amplitude` of `centre`, rounded to float32.
 */
export function syntheticNumbers(name: string, length: number, amplitude: number, centre = 0): Float32Array {
  let state = seedOf(name);
  const numbers = new Float32Array(length);
  for (let index = 0; index < length; index++) {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    const uniform = ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    numbers[index] = centre + amplitude * (2 * uniform - 1);
  }
  return numbers;
}

/** Gives every parameter of a module that is trained the values that its name stands for. */
export async function loadSynthetic(module: Module): Promise<void> {
  const trained = [...module.parameters()].filter(([, { trainable }]) => trainable);
  const shapes = new Map(trained.map(([key, { shape }]) => [key, shape]));
  const source: ParameterSource = { shapes, read: (key) => syntheticParameter(key, shapes.get(key) ?? []) };
  await loadParameters(module, source, { strict: false });
}

/** The values of a parameter of the reference fixtures, by its full name. */
export function syntheticParameter(name: string, shape: Shape): Float32Array {
  return NORM_WEIGHT.test(name)
    ? syntheticNumbers(name, sizeOf(shape), 0.1, 1)
    : syntheticNumbers(name, sizeOf(shape), 0.3);
}

/** The video of the reference fixtures, which has its channels second, as [B, T, H, W, 3]. */
export function syntheticVideo([batch, frames, height, width]: readonly [
  number,
  number,
  number,
  number,
]): Float32Array {
  const pixels = frames * height * width;
  const channelSecond = syntheticNumbers('video', batch * 3 * pixels, 2);
  const video = new Float32Array(channelSecond.length);
  for (let clip = 0; clip < batch; clip++) {
    for (let channel = 0; channel < 3; channel++) {
      const plane = channelSecond.subarray((clip * 3 + channel) * pixels, (clip * 3 + channel + 1) * pixels);
      for (const [pixel, value] of plane.entries()) video[(clip * pixels + pixel) * 3 + channel] = value;
    }
  }
  return video;
}

function seedOf(name: string): number {
  return [...name].reduce((sum, character, index) => sum + character.charCodeAt(0) * (index + 1), 0) % 1000;
}
