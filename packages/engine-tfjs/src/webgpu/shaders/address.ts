import type { Uniform } from './program.ts';
import { collapse, rowMajor, type Walk } from './walk.ts';

/** Where each array of a walk has its element for invocation `index`, in WGSL. */
export interface Address {
  /** Part of a shader's key. */
  readonly key: string;
  /** Statements that must come before the places are used. */
  readonly code: string;
  /** One WGSL expression per array. */
  readonly places: readonly string[];
  readonly uniforms: readonly Uniform[];
}

/** The addresses of a walk in row-major order; array k starts at `offsets[k]`. */
export function addressOf(walk: Walk, offsets: readonly number[]): Address {
  const { lengths, strides } = collapse(walk);
  const inOrder = rowMajor(lengths);
  const isFlat = strides.map((own, k) => offsets[k] === 0 && own.every((step, axis) => step === inOrder[axis]));
  const places = isFlat.map((flat, k) => (flat ? 'index' : `at${k}`));
  if (isFlat.every(Boolean)) return { key: 'flat', code: '', places, uniforms: [] };

  const walked = strides.flatMap((own, k) => (isFlat[k] ? [] : [{ k, own }]));
  const uniforms: Uniform[] = [];
  const uniform = (name: string, value: number): string => {
    uniforms.push({ name, type: 'i32', value });
    return `uniforms.${name}`;
  };
  const starts = walked.map(({ k }) => `var at${k} = ${uniform(`offset${k}`, offsets[k] ?? 0)};`);
  const axes = lengths.map((length, axis) => {
    // the outermost axis takes what is left
    const position =
      axis === 0
        ? 'let i0 = rest;'
        : `let i${axis} = rest % ${uniform(`length${axis}`, length)}; rest = rest / uniforms.length${axis};`;
    const moves = walked.map(({ k, own }) => `at${k} += i${axis} * ${uniform(`step${k}_${axis}`, own[axis] ?? 0)};`);
    return [position, ...moves].join(' ');
  });
  return {
    key: `${lengths.length}_${isFlat.map(Number).join('')}`,
    code: [...starts, 'var rest = index;', ...axes.toReversed()].join('\n'),
    places,
    uniforms,
  };
}
