import { sizeOf, type MatmulAttributes } from '@umt/tensor';
import type { KernelEngine, KernelHandle, KernelPrimitives } from '../../kernels/engine.ts';
import { filled } from './layout.ts';
import { given, runShader, WORKGROUP, type Uniform } from './program.ts';
import { reduceMiddle, SUM } from './reduce.ts';

/** Rows and columns of the result that one workgroup computes: 8 x 8 invocations of 4 x 4 elements. */
const TILE = 32;
/** Inner elements that are brought into workgroup memory at once. */
const DEPTH = 16;
/** Workgroups that keep a GPU busy; with fewer the inner axis is cut into parts. */
const BUSY = 96;
/** A part of the inner axis has at least so many elements. */
const SHORTEST_PART = 256;

/** B matrices of rows x inner times inner x columns. */
interface Sizes {
  readonly batch: number;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/**
 * Matrix products. tfjs's own read past the end of B and trust that 0 times whatever is there is 0, which NaN and infinity
 * are not; and add parts of a long inner axis with atomics, which gives other bits every time.
 */
export const matmulShaders = {
  matmul: (engine, [a, b], attributes) => {
    const [left, right] = [given(a), given(b)];
    const { transposeA, transposeB } = attributes;
    const leading = left.shape.slice(0, -2);
    const sizes: Sizes = {
      batch: sizeOf(leading),
      rows: left.shape.at(transposeA ? -1 : -2) ?? 1,
      inner: left.shape.at(transposeA ? -2 : -1) ?? 1,
      columns: right.shape.at(transposeB ? -2 : -1) ?? 1,
    };
    const shape = [...leading, sizes.rows, sizes.columns];
    if (sizeOf(shape) === 0 || sizes.inner === 0) return [filled(engine, shape, 0, 'float32')];
    return [engine.share(product(engine, left, right, attributes, sizes), shape)];
  },
} satisfies Partial<KernelPrimitives>;

/** [batch, rows, columns], through [parts, batch, rows, columns] where parts of the inner axis are added up afterwards. */
function product(
  engine: KernelEngine,
  left: KernelHandle,
  right: KernelHandle,
  { transposeA, transposeB }: MatmulAttributes,
  { batch, rows, inner, columns }: Sizes,
): KernelHandle {
  const [down, across] = [Math.ceil(rows / TILE), Math.ceil(columns / TILE)];
  const tiles = batch * down * across;
  const wanted = Math.max(1, Math.min(Math.ceil(BUSY / tiles), Math.floor(inner / SHORTEST_PART)));
  const part = Math.ceil(inner / wanted / DEPTH) * DEPTH;
  const parts = Math.ceil(inner / part);
  const numbers = { batch, rows, inner, columns, down, across, part, parts };
  const products = runShader(
    engine,
    {
      key: `matmul_${Number(transposeA)}${Number(transposeB)}`,
      perWorkgroup: true,
      declarations: `
        var<workgroup> a_tile : array<array<vec4<f32>, ${TILE / 4}>, ${DEPTH}>;
        var<workgroup> b_tile : array<array<vec4<f32>, ${TILE / 4}>, ${DEPTH}>;`,
      code: tileCode(transposeA, transposeB),
      invocations: parts * tiles * WORKGROUP,
      uniforms: Object.entries(numbers).map(([name, value]): Uniform => ({ name, type: 'i32', value })),
      shape: [parts, batch, rows, columns],
      dtype: 'float32',
    },
    [left, right],
  );
  return parts === 1 ? products : reduceMiddle(engine, products, SUM, [1, parts, batch * rows * columns]);
}

/** What one workgroup does: [k][m] and [k][n] tiles of both matrices, zero outside, four rows by four columns each. */
function tileCode(transposeA: boolean, transposeB: boolean): string {
  const aPlace = transposeA ? 'k * uniforms.rows + m' : 'm * uniforms.inner + k';
  const bPlace = transposeB ? 'n * uniforms.inner + k' : 'k * uniforms.columns + n';
  return `
    let lane = i32(localId.x);
    let tile = index / ${WORKGROUP};
    let n0 = (tile % uniforms.across) * ${TILE};
    let m0 = ((tile / uniforms.across) % uniforms.down) * ${TILE};
    let stack = tile / (uniforms.across * uniforms.down);
    // a dispatch may have more workgroups than there are tiles; they read and write nothing
    let batch = select(uniforms.batch, stack % uniforms.batch, index < uniforms.invocations);
    let m_end = select(0, uniforms.rows, batch < uniforms.batch);
    let n_end = select(0, uniforms.columns, batch < uniforms.batch);
    let first = (stack / uniforms.batch) * uniforms.part;
    let last = min(first + uniforms.part, uniforms.inner);
    let a_start = batch * uniforms.rows * uniforms.inner;
    let b_start = batch * uniforms.inner * uniforms.columns;
    let x = lane % 8;
    let y = lane / 8;
    var sum : array<vec4<f32>, 4>;
    for (var step = 0; step < uniforms.part; step += ${DEPTH}) {
      for (var i = lane; i < ${(DEPTH * TILE) / 4}; i += ${WORKGROUP}) {
        ${loadFour('a', transposeA, aPlace, 'm')}
        ${loadFour('b', !transposeB, bPlace, 'n')}
      }
      workgroupBarrier();
      for (var k = 0; k < ${DEPTH}; k++) {
        let left = a_tile[k][y];
        let right = b_tile[k][x];
        sum[0] = fma(vec4<f32>(left.x), right, sum[0]);
        sum[1] = fma(vec4<f32>(left.y), right, sum[1]);
        sum[2] = fma(vec4<f32>(left.z), right, sum[2]);
        sum[3] = fma(vec4<f32>(left.w), right, sum[3]);
      }
      workgroupBarrier();
    }
    for (var r = 0; r < 4; r++) {
      for (var c = 0; c < 4; c++) {
        let m = m0 + y * 4 + r;
        let n = n0 + x * 4 + c;
        if (m < m_end && n < n_end) { result[(stack * uniforms.rows + m) * uniforms.columns + n] = sum[r][c]; }
      }
    }`;
}

/** Brings four neighbours along the outer axis of one inner position into a tile; neighbouring lanes read neighbours. */
function loadFour(matrix: 'a' | 'b', isOuterLast: boolean, place: string, outer: 'm' | 'n'): string {
  const position = isOuterLast
    ? `let depth = i / ${TILE / 4}; let quad = i % ${TILE / 4};`
    : `let depth = i % ${DEPTH}; let quad = i / ${DEPTH};`;
  return `{
          ${position}
          let k = first + step + depth;
          var four = vec4<f32>(0.0);
          for (var j = 0; j < 4; j++) {
            let ${outer} = ${outer}0 + quad * 4 + j;
            if (k < last && ${outer} < ${outer}_end) { four[j] = ${matrix}[${matrix}_start + ${place}]; }
          }
          ${matrix}_tile[depth][quad] = four;
        }`;
}
