import { sizeOf } from '@umt/tensor';
import type { KernelEngine, KernelHandle, KernelPrimitives, TfjsDType } from '../../kernels/engine.ts';
import { mapElements, place } from './map.ts';
import { blank, given, runShader, wgslType } from './program.ts';
import { broadcastStrides, rowMajor } from './walk.ts';

/** The primitives that move elements, for any dtype and rank. */
export const layoutShaders = {
  transpose: (engine, [x], { permutation }) => {
    const { shape } = given(x);
    const own = rowMajor(shape);
    return [
      view(
        engine,
        given(x),
        permutation.map((axis) => shape[axis] ?? 1),
        permutation.map((axis) => own[axis] ?? 0),
      ),
    ];
  },
  slice: (engine, [x], { start, size }) => {
    const strides = rowMajor(given(x).shape);
    const offset = start.reduce((sum, from, axis) => sum + from * (strides[axis] ?? 0), 0);
    return [view(engine, given(x), size, strides, offset)];
  },
  broadcast: (engine, [x], { shape }) => [view(engine, given(x), shape, broadcastStrides(given(x).shape, shape))],
  pad: (engine, [x], { before, after, value }) => {
    const source = given(x);
    const shape = source.shape.map((length, axis) => (before[axis] ?? 0) + length + (after[axis] ?? 0));
    const strides = rowMajor(shape);
    const offset = before.reduce((sum, count, axis) => sum + count * (strides[axis] ?? 0), 0);
    return [place(engine, source, filled(engine, shape, value, source.dtype), strides, offset)];
  },
  concat: (engine, inputs, { axis }) => {
    const first = given(inputs[0]);
    const length = inputs.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
    const shape = first.shape.map((own, i) => (i === axis ? length : own));
    const strides = rowMajor(shape);
    let position = 0;
    // one dispatch per input, so that the number of inputs has no limit
    const joined = inputs.reduce(
      (into, input) => {
        const offset = position * (strides[axis] ?? 0);
        position += input.shape[axis] ?? 0;
        return sizeOf(input.shape) === 0 ? into : place(engine, input, into, strides, offset);
      },
      blank(engine, shape, first.dtype),
    );
    return [joined];
  },
  fill: (engine, _inputs, { shape, value, dtype }) => [filled(engine, shape, value, engine.dtype(dtype))],
} satisfies Partial<KernelPrimitives>;

/** `x` read with other strides. */
function view(
  engine: KernelEngine,
  handle: KernelHandle,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): KernelHandle {
  return mapElements(engine, { name: 'copy', expression: 'x', shape, dtype: handle.dtype }, [
    { handle, strides, offset },
  ]);
}

/** A tensor of one value. */
export function filled(engine: KernelEngine, shape: readonly number[], value: number, dtype: TfjsDType): KernelHandle {
  const type = wgslType(dtype);
  const element = dtype === 'bool' ? Number(value !== 0) : value;
  return runShader(
    engine,
    {
      key: `fill_${type}`,
      code: 'result[index] = uniforms.value;',
      invocations: sizeOf(shape),
      uniforms: [{ name: 'value', type, value: element }],
      shape,
      dtype,
    },
    [],
  );
}
