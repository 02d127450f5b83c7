import type { NoAttributes } from '@umt/tensor';
import type { KernelHandle, KernelPrimitive, KernelPrimitives, TfjsDType } from '../../kernels/engine.ts';
import { broadcastShape } from '../../loops/binary.ts';
import { mapElements } from './map.ts';
import { given } from './program.ts';
import { broadcastStrides } from './walk.ts';

/**
 * The error function within 2e-7: a quotient of polynomials for |x| < 4, as XLA uses, and 1 beyond. tfjs's own is 1.5e-7
 * off even near 0, where erf itself is as small.
 */
const ERF = `
  fn error_function(x : f32) -> f32 {
    if (abs(x) >= 4.0) { return sign(x); }
    let s = x * x;
    var p = -2.72614225801306e-10;
    p = fma(p, s, 2.77068142495902e-08);
    p = fma(p, s, -2.10102402082508e-06);
    p = fma(p, s, -5.69250639462346e-05);
    p = fma(p, s, -7.34990630326855e-04);
    p = fma(p, s, -2.95459980854025e-03);
    p = fma(p, s, -1.60960333262415e-02);
    var q = -1.45660718464996e-05;
    q = fma(q, s, -2.13374055278905e-04);
    q = fma(q, s, -1.68282697438203e-03);
    q = fma(q, s, -7.37332916720468e-03);
    q = fma(q, s, -1.42647390514189e-02);
    return x * p / q;
  }`;

// series below, so that small arguments keep their digits; exp(-2|x|) above, which cannot overflow
const TANH = `
  fn hyperbolic_tangent(x : f32) -> f32 {
    let s = x * x;
    if (s < 0.01) { return x * (1.0 + s * (-1.0 / 3.0 + s * (2.0 / 15.0 - s * 17.0 / 315.0))); }
    let e = exp(-2.0 * abs(x));
    return select(1.0, -1.0, x < 0.0) * (1.0 - e) / (1.0 + e);
  }`;

// a compiler of shaders may take it that there is no NaN; bits it must leave alone
const IS_FINITE = '(bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u';

/** The elementwise primitives, each in the type of its inputs. */
export const elementwiseShaders = {
  add: binary('add', 'x + y'),
  subtract: binary('subtract', 'x - y'),
  multiply: binary('multiply', 'x * y'),
  divide: binary('divide', 'x / y'),
  maximum: binary('maximum', 'max(x, y)', 'select(max(x, y), x + y, isnan(x) || isnan(y))'),
  minimum: binary('minimum', 'min(x, y)', 'select(min(x, y), x + y, isnan(x) || isnan(y))'),
  equal: comparison('equal', 'x == y'),
  greater: comparison('greater', 'x > y'),
  greaterEqual: comparison('greaterEqual', 'x >= y'),
  logicalAnd: binary('logicalAnd', 'x & y'),
  logicalNot: unary('logicalNot', '1 - x'),
  isFinite: unary('isFinite', `select(0, 1, ${IS_FINITE})`, { dtype: 'bool' }),
  negative: unary('negative', '-x'),
  absolute: unary('absolute', 'abs(x)'),
  square: unary('square', 'x * x'),
  sqrt: unary('sqrt', ofPositive('sqrt(x)')),
  rsqrt: unary('rsqrt', ofPositive('inverseSqrt(x)')),
  exp: unary('exp', keepingNaN('exp(x)')),
  log: unary('log', ofPositive('log(x)')),
  erf: unary('erf', keepingNaN('error_function(x)'), { declarations: ERF }),
  sigmoid: unary('sigmoid', keepingNaN('1.0 / (1.0 + exp(-x))')),
  tanh: unary('tanh', keepingNaN('hyperbolic_tangent(x)'), { declarations: TANH }),
  select: (engine, [condition, a, b]) => {
    const [c, t, e] = [given(condition), given(a), given(b)];
    const shape = [c, t, e].map((input) => input.shape).reduce(broadcastShape);
    const operands = [c, t, e].map((handle) => ({ handle, strides: broadcastStrides(handle.shape, shape) }));
    const map = { name: 'select', expression: 'select(z, y, x != 0)', shape, dtype: t.dtype };
    return [mapElements(engine, map, operands)];
  },
  cast: (engine, [x], { dtype }) => {
    const handle = given(x);
    const target = engine.dtype(dtype);
    if (target === handle.dtype) return [engine.share(handle)];
    const isFromFloat = handle.dtype === 'float32';
    const expression = {
      float32: 'f32(x)',
      int32: isFromFloat ? 'i32(x)' : 'x',
      bool: isFromFloat ? 'select(1, 0, x == 0.0)' : 'select(1, 0, x == 0)',
    }[target];
    const map = { name: `cast_${handle.dtype}_${target}`, expression, shape: handle.shape, dtype: target };
    return [mapElements(engine, map, [{ handle, strides: broadcastStrides(handle.shape, handle.shape) }])];
  },
} satisfies Partial<KernelPrimitives>;

/** What WGSL's functions give for NaN is left open: SwiftShader's exp gives infinity. */
function keepingNaN(expression: string): string {
  return `select(${expression}, x, isnan(x))`;
}

function ofPositive(expression: string): string {
  return `select(${expression}, uniforms.NAN, x < 0.0 || isnan(x))`;
}

/** `ofFloats` where floats need another expression than integers. */
function binary(name: string, expression: string, ofFloats = expression): KernelPrimitive<NoAttributes> {
  return zip(name, (input) => ({ expression: input.dtype === 'float32' ? ofFloats : expression, dtype: input.dtype }));
}

function comparison(name: string, condition: string): KernelPrimitive<NoAttributes> {
  return zip(name, () => ({ expression: `select(0, 1, ${condition})`, dtype: 'bool' }));
}

function zip(
  name: string,
  choose: (input: KernelHandle) => { readonly expression: string; readonly dtype: TfjsDType },
): KernelPrimitive<NoAttributes> {
  return (engine, [a, b]) => {
    const [x, y] = [given(a), given(b)];
    const shape = broadcastShape(x.shape, y.shape);
    const operands = [x, y].map((handle) => ({ handle, strides: broadcastStrides(handle.shape, shape) }));
    return [mapElements(engine, { name, shape, ...choose(x) }, operands)];
  };
}

function unary(
  name: string,
  expression: string,
  { declarations = '', dtype }: { readonly declarations?: string; readonly dtype?: TfjsDType } = {},
): KernelPrimitive<NoAttributes> {
  return (engine, [x]) => {
    const handle = given(x);
    const { shape } = handle;
    const map = { name, expression, declarations, shape, dtype: dtype ?? handle.dtype };
    return [mapElements(engine, map, [{ handle, strides: broadcastStrides(shape, shape) }])];
  };
}
