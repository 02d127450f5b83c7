import { sizeOf, type Shape } from '@umt/tensor';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import type { KernelEngine, KernelHandle, TfjsDType } from '../../kernels/engine.ts';

/** Invocations of one workgroup. */
export const WORKGROUP = 64;

/** The name under which shaders reach the backend, beside tfjs's own kernels. */
export const SHADER_KERNEL = 'UmtShader';

/** The names of a shader's inputs, in order. */
export const INPUT_NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;

/** A number handed to a shader, as `uniforms.<name>`. */
export interface Uniform {
  readonly name: string;
  readonly type: 'i32' | 'f32';
  readonly value: number;
}

/** One dispatch over flat arrays. In WGSL the inputs are `a`, `b`, .. `g`, the output `result`, bool is i32 0 or 1. */
export interface Shader {
  /** Tells this code from any other: all that is written into `code` as a constant. Element types are added to it. */
  readonly key: string;
  /** Statements for one invocation `index`, which is below `invocations` unless `perWorkgroup`. */
  readonly code: string;
  /** Declarations outside the function, such as workgroup memory. */
  readonly declarations?: string;
  readonly invocations: number;
  /** The code runs in whole workgroups, past the last invocation too, and may use barriers. */
  readonly perWorkgroup?: boolean;
  readonly uniforms?: readonly Uniform[];
  readonly shape: Shape;
  readonly dtype: TfjsDType;
}

/**
 * Runs a shader and gives its output. With `into` it writes parts of a tensor made before, which must belong to nobody
 * else. An output without elements runs nothing.
 */
export function runShader(
  engine: KernelEngine,
  shader: Shader,
  inputs: readonly KernelHandle[],
  into?: KernelHandle,
): KernelHandle {
  const handles = into ? [...inputs, into] : inputs;
  const [output] = engine.kernel(SHADER_KERNEL, handles, { shader, isInto: into !== undefined });
  if (!output) throw new Error(`webgpu: shader ${shader.key} gave no output`);
  return output;
}

/** A tensor whose elements are not written yet. */
export function blank(engine: KernelEngine, shape: Shape, dtype: TfjsDType): KernelHandle {
  const shader: Shader = { key: 'blank', code: '', invocations: 0, shape, dtype };
  return runShader(engine, shader, []);
}

/** The WGSL type of an element. */
export function wgslType(dtype: TfjsDType): 'f32' | 'i32' {
  return dtype === 'float32' ? 'f32' : 'i32';
}

/** An input that a primitive must have. */
export function given(handle: KernelHandle | undefined): KernelHandle {
  if (!handle) throw new Error('webgpu: a primitive was called with too few inputs');
  return handle;
}

/** What the backend runs for `runShader`. */
export function shaderKernel({
  inputs,
  attrs: { shader, isInto },
  backend,
}: {
  readonly inputs: readonly TensorInfo[];
  readonly attrs: { readonly shader: Shader; readonly isInto: boolean };
  readonly backend: WebGPUBackend;
}): TensorInfo {
  const sources = isInto ? inputs.slice(0, -1) : inputs;
  const into = isInto ? inputs.at(-1) : undefined;
  const shape = [...shader.shape];
  if (into) backend.incRef(into.dataId);
  // one without elements has no buffer, and is read from here
  const values = sizeOf(shape) === 0 ? new Float32Array(0) : undefined;
  const dataId = into ? into.dataId : backend.makeTensorInfo(shape, shader.dtype, values).dataId;
  // tfjs writes shapes into shaders, compiles one for each relation between them, and knows ranks up to 6: it sees none
  const flat = (info: TensorInfo): TensorInfo => ({ ...info, shape: [1] });
  const output = { dataId, shape, dtype: shader.dtype };
  if (shader.invocations > 0) {
    const uniforms = (shader.uniforms ?? []).map(({ type, value }) => ({
      type: type === 'f32' ? 'float32' : 'int32',
      data: [value],
    }));
    const program = programOf(shader, sources.length);
    try {
      backend.runWebGPUProgram(program, sources.map(flat), shader.dtype, uniforms, flat(output));
    } catch (error) {
      backend.disposeData(dataId);
      throw error;
    }
  }
  return output;
}

function programOf(shader: Shader, inputs: number): WebGPUProgram {
  const { key, code, declarations = '', invocations, perWorkgroup = false, uniforms = [] } = shader;
  const body = perWorkgroup ? code : `if (index < uniforms.invocations) { ${code} }`;
  const workgroups = Math.ceil(invocations / WORKGROUP);
  return {
    variableNames: INPUT_NAMES.slice(0, inputs),
    outputShape: [invocations],
    workgroupSize: [WORKGROUP, 1, 1],
    dispatchLayout: { x: [0] },
    dispatch: [workgroups, 1, 1],
    uniforms: uniforms.map(({ name, type }) => `${name} : ${type}, `).join(''),
    size: true,
    shaderKey: `umt_${key}`,
    // tfjs calls the number of invocations the size
    getUserCode: () => `
      ${declarations}
      fn main(index : i32) { ${body.replaceAll('uniforms.invocations', 'uniforms.size')} }`,
  };
}
