import { sizeOf } from '@umt/tensor';
import type { KernelEngine, KernelHandle, KernelPrimitives } from '../../kernels/engine.ts';
import { filled } from './layout.ts';
import { given, runShader, type Uniform } from './program.ts';

const integer = (name: string, value: number): Uniform => ({ name, type: 'i32', value });

/** The primitives with indices. None uses atomics: the same inputs give the same bits. */
export const indexingShaders = {
  gather: (engine, [x, indices]) => {
    const [source, places] = [given(x), given(indices)];
    const row = source.shape.slice(1);
    return [gatherRows(engine, source, places, [...places.shape, ...row], sizeOf(row))];
  },
  segmentSum: (engine, [x, segments], { count }) => [segmentSum(engine, given(x), given(segments), count)],
  oneHot: (engine, [indices], { depth }) => {
    const places = given(indices);
    const shape = [...places.shape, depth];
    const code = 'result[index] = select(0.0, 1.0, a[index / uniforms.depth] == index % uniforms.depth);';
    const uniforms = [integer('depth', depth)];
    return [
      runShader(engine, { key: 'oneHot', code, invocations: sizeOf(shape), uniforms, shape, dtype: 'float32' }, [
        places,
      ]),
    ];
  },
  topK: (engine, [x], { k }) => topK(engine, given(x), k),
  cumulativeSum: (engine, [x], { axis, exclusive }) => [cumulativeSum(engine, given(x), axis, exclusive)],
} satisfies Partial<KernelPrimitives>;

function gatherRows(
  engine: KernelEngine,
  x: KernelHandle,
  rows: KernelHandle,
  shape: readonly number[],
  width: number,
): KernelHandle {
  return runShader(
    engine,
    {
      key: 'gather',
      code: 'result[index] = a[b[index / uniforms.width] * uniforms.width + index % uniforms.width];',
      invocations: sizeOf(shape),
      uniforms: [integer('width', width)],
      shape,
      dtype: x.dtype,
    },
    [x, rows],
  );
}

/**
 * Sums rows by segment: the rows' numbers are put in the order of their segments, then each segment adds up its own.
 * A row's place is the number of rows before it, counted by one invocation per row.
 */
function segmentSum(engine: KernelEngine, x: KernelHandle, segments: KernelHandle, count: number): KernelHandle {
  const [rows = 0, ...row] = x.shape;
  const shape = [count, ...row];
  const width = sizeOf(row);
  if (rows === 0) return filled(engine, shape, 0, x.dtype);
  const uniforms = [integer('rows', rows)];
  const order = runShader(
    engine,
    {
      key: 'segmentOrder',
      code: `
        let own = a[index];
        var place = 0;
        for (var i = 0; i < uniforms.rows; i++) {
          let other = a[i];
          if (other < own || (other == own && i < index)) { place++; }
        }
        result[place] = index;`,
      invocations: rows,
      uniforms,
      shape: [rows],
      dtype: 'int32',
    },
    [segments],
  );
  const ends = runShader(
    engine,
    {
      key: 'segmentEnds',
      code: `
        // how many rows belong to a segment below this number
        var place = 0;
        for (var i = 0; i < uniforms.rows; i++) { if (a[i] < index) { place++; } }
        result[index] = place;`,
      invocations: count + 1,
      uniforms,
      shape: [count + 1],
      dtype: 'int32',
    },
    [segments],
  );
  return runShader(
    engine,
    {
      key: 'segmentSum',
      code: `
        let segment = index / uniforms.width;
        let column = index % uniforms.width;
        var total = 0.0;
        for (var i = c[segment]; i < c[segment + 1]; i++) { total += a[b[i] * uniforms.width + column]; }
        result[index] = total;`,
      invocations: sizeOf(shape),
      uniforms: [integer('width', width)],
      shape,
      dtype: x.dtype,
    },
    [x, order, ends],
  );
}

/**
 * The k largest of each row. An element's place is the number of elements before it: larger ones, and equal ones with a
 * lower index. NaN counts as the largest. Quadratic in the width, which is at most a few thousand tokens.
 */
function topK(engine: KernelEngine, x: KernelHandle, k: number): readonly [KernelHandle, KernelHandle] {
  const width = x.shape.at(-1) ?? 1;
  const shape = [...x.shape.slice(0, -1), k];
  const isEmpty = sizeOf(shape) === 0;
  const indices = runShader(
    engine,
    {
      key: 'topKIndices',
      // keys that compare as integers do: no compiler may assume NaN away, and -0 equals 0
      declarations: `
        fn sortable(value : f32) -> u32 {
          let bits = bitcast<u32>(value);
          let magnitude = bits & 0x7fffffffu;
          if (magnitude > 0x7f800000u) { return 0xffffffffu; }
          if (magnitude == 0u) { return 0x80000000u; }
          return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
        }`,
      code: `
        let own_index = index % uniforms.width;
        let row = index / uniforms.width;
        let own = sortable(a[index]);
        var place = 0;
        for (var i = 0; i < uniforms.width; i++) {
          let other = sortable(a[row * uniforms.width + i]);
          if (other > own || (other == own && i < own_index)) { place++; }
        }
        if (place < uniforms.k) { result[row * uniforms.k + place] = own_index; }`,
      invocations: isEmpty ? 0 : sizeOf(x.shape),
      uniforms: [integer('width', width), integer('k', k)],
      shape,
      dtype: 'int32',
    },
    [x],
  );
  const values = runShader(
    engine,
    {
      key: 'topKValues',
      code: 'result[index] = a[(index / uniforms.k) * uniforms.width + b[index]];',
      invocations: sizeOf(shape),
      uniforms: [integer('width', width), integer('k', k)],
      shape,
      dtype: 'float32',
    },
    [x, indices],
  );
  return [values, indices];
}

/** Running sums by doubling: after each pass an element holds the sum of twice as many. */
function cumulativeSum(engine: KernelEngine, x: KernelHandle, axis: number, isExclusive: boolean): KernelHandle {
  const { shape, dtype } = x;
  const length = shape[axis] ?? 1;
  const inner = sizeOf(shape.slice(axis + 1));
  const zero = dtype === 'float32' ? '0.0' : '0';
  const pass = (from: KernelHandle, key: string, code: string, reach: number): KernelHandle =>
    runShader(
      engine,
      {
        key,
        code: `
          let position = (index / uniforms.inner) % uniforms.length;
          var value = a[index];
          ${code}
          result[index] = value;`,
        invocations: sizeOf(shape),
        uniforms: [integer('length', length), integer('inner', inner), integer('reach', reach)],
        shape,
        dtype,
      },
      [from],
    );
  let sums = isExclusive
    ? pass(
        x,
        'sumsShifted',
        `if (position >= uniforms.reach) { value = a[index - uniforms.inner]; } else { value = ${zero}; }`,
        1,
      )
    : engine.share(x);
  for (let reach = 1; reach < length; reach *= 2) {
    const add = 'if (position >= uniforms.reach) { value = value + a[index - uniforms.reach * uniforms.inner]; }';
    sums = pass(sums, 'sumsDoubled', add, reach);
  }
  return sums;
}
