import { sizeOf, type ReductionAttributes, type Shape } from '@umt/tensor';
import type { KernelEngine, KernelHandle, KernelPrimitives, TfjsDType } from '../../kernels/engine.ts';
import { filled } from './layout.ts';
import { given, runShader, WORKGROUP, wgslType, type Uniform } from './program.ts';

/** How two elements become one. */
interface Reduction {
  readonly name: 'sum' | 'max';
  /** WGSL in `total` and `element`. */
  readonly combine: string;
  /** What combining starts from, in WGSL. */
  readonly start: (dtype: TfjsDType) => string;
  /** The result over no elements. */
  readonly empty: number;
}

const SUM: Reduction = {
  name: 'sum',
  combine: 'total + element',
  start: (dtype) => `${wgslType(dtype)}(0)`,
  empty: 0,
};

const MAX: Reduction = {
  name: 'max',
  combine: 'select(max(total, element), total + element, isnan(total) || isnan(element))',
  start: () => '-uniforms.INFINITY',
  empty: -Infinity,
};

/** Rows up to this length are reduced by one invocation each. */
const SHORT = 32;
/** Invocations that keep a GPU busy. */
const MANY = 2 ** 16;

/** Sums and maxima, in the type of the input, added in an order that is the same every time. */
export const reduceShaders = {
  sum: (engine, [x], attributes) => [reduce(engine, given(x), SUM, attributes)],
  max: (engine, [x], attributes) => [reduce(engine, given(x), MAX, attributes)],
  softmax: (engine, [x]) => [softmax(engine, given(x))],
} satisfies Partial<KernelPrimitives>;

/** One after the other over each run of neighbouring axes. */
function reduce(
  engine: KernelEngine,
  x: KernelHandle,
  reduction: Reduction,
  { axes, keepAxes }: ReductionAttributes,
): KernelHandle {
  const { shape, dtype } = x;
  const reduced = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const out = keepAxes ? reduced : shape.filter((_, axis) => !axes.includes(axis));
  if (sizeOf(shape) === 0) return filled(engine, out, reduction.empty, dtype);
  let result = x;
  for (const { outer, length, inner } of runsOf(shape, axes)) {
    result = reduceMiddle(engine, result, reduction, [outer, length, inner]);
  }
  return engine.share(result, out);
}

/** The runs of neighbouring axes, last first, as [outer, length, inner] of what is left of the shape by then. */
function runsOf(shape: Shape, axes: readonly number[]) {
  const runs: { outer: number; length: number; inner: number }[] = [];
  let inner = 1;
  let length = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (axes.includes(axis)) length *= shape[axis] ?? 1;
    if (length > 1 && (axis === 0 || !axes.includes(axis - 1))) {
      const outer = sizeOf(shape.slice(0, axes.includes(axis) ? axis : axis + 1));
      runs.push({ outer, length, inner });
      length = 1;
    }
    if (!axes.includes(axis)) inner *= shape[axis] ?? 1;
  }
  return runs;
}

/** [outer, length, inner] -> [outer, inner], in parts when there is too little to do at once. */
function reduceMiddle(
  engine: KernelEngine,
  x: KernelHandle,
  reduction: Reduction,
  [outer, length, inner]: readonly [number, number, number],
): KernelHandle {
  const isByRow = inner === 1 && length > SHORT;
  const wanted = isByRow ? Math.ceil(MANY / WORKGROUP / outer) : Math.ceil(MANY / (outer * inner));
  const shortest = isByRow ? WORKGROUP * 16 : SHORT;
  const parts = Math.max(1, Math.min(wanted, Math.floor(length / shortest)));
  const part = Math.ceil(length / parts);
  const count = Math.ceil(length / part);
  const uniforms: readonly Uniform[] = [
    { name: 'length', type: 'i32', value: length },
    { name: 'part', type: 'i32', value: part },
    { name: 'parts', type: 'i32', value: count },
    { name: 'inner', type: 'i32', value: inner },
  ];
  const once = isByRow ? rowReduction(reduction, x.dtype) : columnReduction(reduction, x.dtype);
  const groups = outer * count * inner;
  const invocations = isByRow ? groups * WORKGROUP : groups;
  const shader = { ...once, invocations, uniforms, shape: [outer, count, inner], dtype: x.dtype };
  const result = runShader(engine, shader, [x]);
  return count === 1 ? result : reduceMiddle(engine, result, reduction, [outer, count, inner]);
}

/** One invocation per result: for short rows, and for columns, where neighbours read neighbours. */
function columnReduction({ name, combine, start }: Reduction, dtype: TfjsDType) {
  return {
    key: `${name}_columns`,
    code: `
      let column = index % uniforms.inner;
      let group = index / uniforms.inner;
      let first = (group % uniforms.parts) * uniforms.part;
      let last = min(first + uniforms.part, uniforms.length);
      let row = (group / uniforms.parts) * uniforms.length;
      var total = ${start(dtype)};
      for (var k = first; k < last; k++) {
        let element = a[(row + k) * uniforms.inner + column];
        total = ${combine};
      }
      result[index] = total;`,
  };
}

/** One workgroup per result. */
function rowReduction({ name, combine, start }: Reduction, dtype: TfjsDType) {
  return {
    key: `${name}_rows`,
    perWorkgroup: true,
    declarations: `var<workgroup> shared_totals : array<${wgslType(dtype)}, ${WORKGROUP}>;`,
    code: `
      let lane = i32(localId.x);
      let group = index / ${WORKGROUP};
      let first = (group % uniforms.parts) * uniforms.part;
      let last = min(first + uniforms.part, uniforms.length);
      let row = (group / uniforms.parts) * uniforms.length;
      var total = ${start(dtype)};
      if (index < uniforms.invocations) {
        for (var k = first + lane; k < last; k += ${WORKGROUP}) {
          let element = a[row + k];
          total = ${combine};
        }
      }
      ${acrossLanes(combine)}
      if (lane == 0 && index < uniforms.invocations) { result[group] = total; }`,
  };
}

/** Combines \`total\` of all lanes of a workgroup; lane 0 has the whole. Needs `shared_totals`. */
function acrossLanes(combine: string): string {
  return `
      shared_totals[lane] = total;
      workgroupBarrier();
      for (var width = ${WORKGROUP / 2}; width > 0; width = width / 2) {
        if (lane < width) {
          let element = shared_totals[lane + width];
          total = ${combine};
          shared_totals[lane] = total;
        }
        workgroupBarrier();
      }`;
}

/** One workgroup per row. tfjs's writes past the end of the tensor when there are more than 65535 rows. */
function softmax(engine: KernelEngine, x: KernelHandle): KernelHandle {
  const { shape, dtype } = x;
  const width = shape.at(-1) ?? 1;
  const rows = width === 0 ? 0 : sizeOf(shape) / width;
  return runShader(
    engine,
    {
      key: 'softmax',
      perWorkgroup: true,
      declarations: `
        var<workgroup> shared_totals : array<f32, ${WORKGROUP}>;
        var<workgroup> row_max : f32;
        var<workgroup> row_sum : f32;
        fn exponential(x : f32) -> f32 { return select(exp(x), x, isnan(x)); }`,
      code: `
        let lane = i32(localId.x);
        let row = (index / ${WORKGROUP}) * uniforms.width;
        let width_here = select(0, uniforms.width, index < uniforms.invocations);
        var total = -uniforms.INFINITY;
        for (var k = lane; k < width_here; k += ${WORKGROUP}) { total = max(total, a[row + k]); }
        ${acrossLanes('max(total, element)')}
        if (lane == 0) { row_max = total; }
        workgroupBarrier();
        let largest = row_max;
        total = 0.0;
        for (var k = lane; k < width_here; k += ${WORKGROUP}) { total += exponential(a[row + k] - largest); }
        ${acrossLanes('total + element')}
        if (lane == 0) { row_sum = total; }
        workgroupBarrier();
        for (var k = lane; k < width_here; k += ${WORKGROUP}) {
          result[row + k] = exponential(a[row + k] - largest) / row_sum;
        }`,
      invocations: rows * WORKGROUP,
      uniforms: [{ name: 'width', type: 'i32', value: width }],
      shape,
      dtype,
    },
    [x],
  );
}
