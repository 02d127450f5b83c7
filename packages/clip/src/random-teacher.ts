import { sizeOf } from '@umt/tensor';
import { initialize, normal, type Initializer } from '@umt/nn';
import type { TeacherConfig } from './teacher-config.ts';
import { Teacher } from './teacher.ts';

/**
 * Factor on the weights of queries and keys. At 1 (CLIP's own initial scale) the class token of a random tower attends
 * almost evenly, and a mask guided by it would be a random one: over frames of real clips the perplexity of its attention
 * is 0.9 of the number of patches. At 1.7 it is about half of it.
 */
const QUERY_KEY_GAIN = 1.7;
/**
 * Factor on what each layer adds to its tokens. At 1 a random tower is little more than a function of single patches: with
 * half of a frame replaced the features of the other half keep a cosine of 0.93. At 2 the layers mix more.
 */
const RESIDUAL_GAIN = 2;

/**
 * A teacher with random weights, to try training with before there are real ones: its features are fixed, rich functions
 * of the frames, its class attention is uneven and depends on what is in the frame, but neither means anything. A student
 * that learns to predict it shows that training works, not that the student has learnt to see.
 */
export function createRandomTeacher(config: TeacherConfig, { seed }: { readonly seed: number }): Teacher {
  const teacher = new Teacher(config);
  const { width, layers, patch, tubelet } = config;
  const std = width ** -0.5;
  const residualStd = RESIDUAL_GAIN * std * (2 * layers) ** -0.5;
  initialize(teacher, seed, (name) => {
    if (name === 'conv1.weight') return normal((3 * tubelet * patch ** 2) ** -0.5);
    if (name.endsWith('in_proj_weight')) return sharpened(std);
    if (name.endsWith('out_proj.weight') || name.endsWith('c_proj.weight')) return normal(residualStd);
    if (name.endsWith('c_fc.weight')) return normal((2 * width) ** -0.5);
    return name.endsWith('embedding') || name === 'proj' ? normal(std) : null;
  });
  return teacher;
}

/** Normal, the rows of queries and keys larger than those of values. */
function sharpened(std: number): Initializer {
  return (shape, stream) => {
    const weight = normal(std)(shape, stream);
    const queriesAndKeys = weight.subarray(0, (sizeOf(shape) / 3) * 2);
    for (const [index, value] of queriesAndKeys.entries()) queriesAndKeys[index] = value * QUERY_KEY_GAIN;
    return weight;
  };
}
