import { sizeOf, type ReductionAttributes, type Shape } from '@umt/tensor';
import type { KernelEngine, KernelHandle, KernelPrimitives, TfjsDType } from '../../kernels/engine.ts';
import { filled } from './layout.ts';
import { given, runShader, WORKGROUP, wgslType } from './program.ts';

/** How many elements become one. */
interface Reduction {
  readonly name: 'sum' | 'max';
  /** The result over no elements. */
  readonly empty: number;
  /** WGSL: the functions that `code` calls. */
  readonly declarations: string;
  /** Variables of one invocation, with the values they start from. */
  readonly state: (dtype: TfjsDType) => Readonly<Record<string, string>>;
  /** Takes in `element`. */
  readonly take: (dtype: TfjsDType) => string;
  /** Takes in another invocation's state: its variables with \`other_\` before their names. */
  readonly merge: (dtype: TfjsDType) => string;
  /** The result. */
  readonly value: (dtype: TfjsDType) => string;
}

/**
 * Sums with the rounding error of each addition carried along (Knuth's TwoSum), so that a mean is right to the last bit
 * however long the row. A compiler that reorders additions loses the carry, and no more than that.
 */
export const SUM: Reduction = {
  name: 'sum',
  empty: 0,
  declarations: `
    fn rounding_error(x : f32, y : f32, total : f32) -> f32 {
      let part = total - x;
      return (x - (total - part)) + (y - part);
    }
    fn with_carry(total : f32, carry : f32) -> f32 {
      let isFinite = (bitcast<u32>(total) & 0x7f800000u) != 0x7f800000u;
      return select(total, total + carry, isFinite);
    }`,
  state: (dtype) => (dtype === 'float32' ? { total: '0.0', carry: '0.0' } : { total: '0' }),
  take: (dtype) =>
    dtype === 'float32'
      ? 'let next = total + element; carry += rounding_error(total, element, next); total = next;'
      : 'total += element;',
  merge: (dtype) =>
    dtype === 'float32'
      ? `let next = total + other_total; carry += other_carry + rounding_error(total, other_total, next); total = next;`
      : 'total += other_total;',
  value: (dtype) => (dtype === 'float32' ? 'with_carry(total, carry)' : 'total'),
};

const MAX: Reduction = {
  name: 'max',
  empty: -Infinity,
  declarations: `
    fn larger(x : f32, y : f32) -> f32 { return select(max(x, y), x + y, isnan(x) || isnan(y)); }`,
  state: () => ({ total: '-uniforms.INFINITY' }),
  take: () => 'total = larger(total, element);',
  merge: () => 'total = larger(total, other_total);',
  value: () => 'total',
};

/** Rows up to this length are reduced by one invocation each. */
const SHORT = 64;
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
export function reduceMiddle(
  engine: KernelEngine,
  x: KernelHandle,
  reduction: Reduction,
  [outer, length, inner]: readonly [number, number, number],
): KernelHandle {
  const { dtype } = x;
  const isByRow = inner === 1 && length > SHORT;
  const wanted = isByRow ? Math.ceil(MANY / WORKGROUP / outer) : Math.ceil(MANY / (outer * inner));
  const shortest = isByRow ? WORKGROUP * 16 : SHORT;
  const most = Math.max(1, Math.min(wanted, Math.floor(length / shortest)));
  const part = Math.ceil(length / most);
  const parts = Math.ceil(length / part);
  const results = outer * parts * inner;
  const reduced = runShader(
    engine,
    {
      key: `${reduction.name}_${isByRow ? 'rows' : 'columns'}`,
      ...(isByRow ? rowReduction(reduction, dtype) : columnReduction(reduction, dtype)),
      invocations: isByRow ? results * WORKGROUP : results,
      uniforms: Object.entries({ length, part, parts, inner }).map(([name, value]) => ({ name, type: 'i32', value })),
      shape: [outer, parts, inner],
      dtype,
    },
    [x],
  );
  return parts === 1 ? reduced : reduceMiddle(engine, reduced, reduction, [outer, parts, inner]);
}

/** One invocation per result: for short rows, and for columns, where neighbours read neighbours. */
function columnReduction(reduction: Reduction, dtype: TfjsDType) {
  return {
    declarations: reduction.declarations,
    code: `
      let column = index % uniforms.inner;
      let group = index / uniforms.inner;
      let first = (group % uniforms.parts) * uniforms.part;
      let last = min(first + uniforms.part, uniforms.length);
      let row = (group / uniforms.parts) * uniforms.length;
      ${variables(reduction.state(dtype))}
      for (var k = first; k < last; k++) {
        let element = a[(row + k) * uniforms.inner + column];
        ${reduction.take(dtype)}
      }
      result[index] = ${reduction.value(dtype)};`,
  };
}

/** One workgroup per result. */
function rowReduction(reduction: Reduction, dtype: TfjsDType) {
  const names = Object.keys(reduction.state(dtype));
  return {
    perWorkgroup: true,
    declarations: reduction.declarations + sharedArrays(names, dtype),
    code: `
      let lane = i32(localId.x);
      let group = index / ${WORKGROUP};
      let first = (group % uniforms.parts) * uniforms.part;
      let last = min(first + uniforms.part, uniforms.length);
      let row = (group / uniforms.parts) * uniforms.length;
      ${variables(reduction.state(dtype))}
      if (index < uniforms.invocations) {
        for (var k = first + lane; k < last; k += ${WORKGROUP}) {
          let element = a[row + k];
          ${reduction.take(dtype)}
        }
      }
      ${acrossLanes(names, reduction.merge(dtype))}
      if (lane == 0 && index < uniforms.invocations) { result[group] = ${reduction.value(dtype)}; }`,
  };
}

function variables(state: Readonly<Record<string, string>>): string {
  return Object.entries(state)
    .map(([name, start]) => `var ${name} = ${start};`)
    .join(' ');
}

function sharedArrays(names: readonly string[], dtype: TfjsDType): string {
  return names.map((name) => `var<workgroup> shared_${name} : array<${wgslType(dtype)}, ${WORKGROUP}>;`).join('\n');
}

/** Merges the variables of all lanes of a workgroup; lane 0 has the whole. Needs \`sharedArrays\`. */
function acrossLanes(names: readonly string[], merge: string): string {
  const shareAll = names.map((name) => `shared_${name}[lane] = ${name};`).join(' ');
  const fetchOthers = names.map((name) => `let other_${name} = shared_${name}[lane + width];`).join(' ');
  return `
      ${shareAll}
      workgroupBarrier();
      for (var width = ${WORKGROUP / 2}; width > 0; width = width / 2) {
        if (lane < width) { ${fetchOthers} ${merge} ${shareAll} }
        workgroupBarrier();
      }`;
}

const EXPONENTIAL = 'fn exponential(x : f32) -> f32 { return select(exp(x), x, isnan(x)); }';

/** tfjs's own writes past the end of the tensor when there are more than 65535 rows. */
function softmax(engine: KernelEngine, x: KernelHandle): KernelHandle {
  const { shape, dtype } = x;
  const width = shape.at(-1) ?? 1;
  const rows = width === 0 ? 0 : sizeOf(shape) / width;
  const isShort = width <= SHORT;
  return runShader(
    engine,
    {
      ...(isShort ? softmaxOfShortRows : softmaxOfRows),
      invocations: isShort ? rows : rows * WORKGROUP,
      uniforms: [{ name: 'width', type: 'i32', value: width }],
      shape,
      dtype,
    },
    [x],
  );
}

/** One invocation per row. */
const softmaxOfShortRows = {
  key: 'softmax_short',
  declarations: EXPONENTIAL,
  code: `
    let row = index * uniforms.width;
    var largest = -uniforms.INFINITY;
    for (var k = 0; k < uniforms.width; k++) { largest = max(largest, a[row + k]); }
    var total = 0.0;
    for (var k = 0; k < uniforms.width; k++) { total += exponential(a[row + k] - largest); }
    for (var k = 0; k < uniforms.width; k++) { result[row + k] = exponential(a[row + k] - largest) / total; }`,
};

/** One workgroup per row. */
const softmaxOfRows = {
  key: 'softmax',
  perWorkgroup: true,
  declarations: `
    ${EXPONENTIAL}
    ${sharedArrays(['total'], 'float32')}
    var<workgroup> row_max : f32;
    var<workgroup> row_sum : f32;`,
  code: `
    let lane = i32(localId.x);
    let row = (index / ${WORKGROUP}) * uniforms.width;
    let width_here = select(0, uniforms.width, index < uniforms.invocations);
    var total = -uniforms.INFINITY;
    for (var k = lane; k < width_here; k += ${WORKGROUP}) { total = max(total, a[row + k]); }
    ${acrossLanes(['total'], 'total = max(total, other_total);')}
    if (lane == 0) { row_max = total; }
    workgroupBarrier();
    let largest = row_max;
    total = 0.0;
    for (var k = lane; k < width_here; k += ${WORKGROUP}) { total += exponential(a[row + k] - largest); }
    ${acrossLanes(['total'], 'total += other_total;')}
    if (lane == 0) { row_sum = total; }
    workgroupBarrier();
    for (var k = lane; k < width_here; k += ${WORKGROUP}) {
      result[row + k] = exponential(a[row + k] - largest) / row_sum;
    }`,
};
