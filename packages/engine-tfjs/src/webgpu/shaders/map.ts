import { sizeOf, type Shape } from '@umt/tensor';
import type { KernelEngine, KernelHandle, TfjsDType } from '../../kernels/engine.ts';
import { addressOf } from './address.ts';
import { INPUT_NAMES, runShader } from './program.ts';
import { rowMajor } from './walk.ts';

/** An array and how it is walked: a step per axis of the map, from `offset`. */
export interface Operand {
  readonly handle: KernelHandle;
  readonly strides: readonly number[];
  readonly offset?: number;
}

/** A function of one element of each operand, for every position of `shape`. */
export interface ElementMap {
  /** Tells the expression from any other. */
  readonly name: string;
  /** WGSL of the output's type, in the elements `x`, `y`, `z` of the operands. */
  readonly expression: string;
  /** Functions that the expression calls. */
  readonly declarations?: string;
  readonly shape: Shape;
  readonly dtype: TfjsDType;
}

const ELEMENT_NAMES = ['x', 'y', 'z'] as const;

/**
 * Writes an element for every position of a shape: any elementwise function with broadcasting, and with the expression `x`
 * any transpose, slice or broadcast. Types are kept, so int32 stays exact, and ranks have no limit.
 */
export function mapElements(engine: KernelEngine, map: ElementMap, operands: readonly Operand[]): KernelHandle {
  const { name, expression, declarations = '', shape, dtype } = map;
  const address = addressOf(
    { lengths: shape, strides: operands.map(({ strides }) => strides) },
    operands.map(({ offset = 0 }) => offset),
  );
  const loads = address.places.map((place, k) => `let ${ELEMENT_NAMES[k]} = ${INPUT_NAMES[k]}[${place}];`);
  return runShader(
    engine,
    {
      key: `map_${name}_${address.key}`,
      code: [address.code, ...loads, `result[index] = ${expression};`].join('\n'),
      declarations,
      invocations: sizeOf(shape),
      uniforms: address.uniforms,
      shape,
      dtype,
    },
    operands.map(({ handle }) => handle),
  );
}

/** Writes all elements of `source` into a part of `into`: a step of `into` per axis of the source, from `offset`. */
export function place(
  engine: KernelEngine,
  source: KernelHandle,
  into: KernelHandle,
  strides: readonly number[],
  offset: number,
): KernelHandle {
  const { shape } = source;
  const address = addressOf({ lengths: shape, strides: [rowMajor(shape), strides] }, [0, offset]);
  const [from, to] = address.places;
  return runShader(
    engine,
    {
      key: `place_${address.key}`,
      code: `${address.code}\nresult[${to}] = a[${from}];`,
      invocations: sizeOf(shape),
      uniforms: address.uniforms,
      shape: into.shape,
      dtype: into.dtype,
    },
    [source],
    into,
  );
}
