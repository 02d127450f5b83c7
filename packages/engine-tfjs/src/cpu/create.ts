import { sizeOf, type Engine } from '@umt/tensor';
import { KernelEngine, type KernelEngineOptions, type KernelHandle, type KernelPrimitives } from '../kernels/engine.ts';
import { erf } from '../loops/erf.ts';
import { segmentSum, topK } from '../loops/indexing.ts';

/**
 * Starts an engine on TensorFlow.js's plain JavaScript backend: slow (1 GFLOP/s), independent of wasm and of
 * onnxruntime, and the reference the other engines are held to. It overrides no composite, so their definitions run.
 */
export async function createCpuEngine(): Promise<Engine> {
  const { getKernel } = await import('@tensorflow/tfjs-core');
  const { MathBackendCPU } = await import('@tensorflow/tfjs-backend-cpu');
  const backend = new MathBackendCPU();
  // else the first tensor prints an advertisement for tfjs-node
  Object.assign(backend, { firstUse: false });
  return new KernelEngine({
    name: 'cpu',
    backend,
    kernel: (name) => getKernel(name, 'cpu')?.kernelFunc as ReturnType<KernelEngineOptions['kernel']>,
    capabilities: {
      precisions: ['float32'],
      maxTensorSize: 2 ** 30 - 1,
      threads: 1,
      deviceName: 'cpu (JavaScript, 1 thread)',
    },
    overrides,
  });
}

/** Where tfjs's cpu backend is wrong, coarse or very slow. */
const overrides: Partial<KernelPrimitives> = {
  // a polynomial, off by 1.5e-7
  erf: (engine, [x]) => {
    const handle = given(x);
    return [engine.make(Float32Array.from(engine.values(handle), erf), handle.shape, 'float32')];
  },
  // relabels the array instead of converting it
  cast: (engine, [x], { dtype }) => [engine.make(engine.values(given(x)), given(x).shape, dtype)],
  // loops over all rows once per segment: 34 s where this takes 15 ms
  segmentSum: (engine, [x, segments], { count }) => {
    const handle = given(x);
    const row = handle.shape.slice(1);
    const out = new Float32Array(count * sizeOf(row));
    segmentSum(engine.values(handle) as Float32Array, engine.values(given(segments)) as Int32Array, out, sizeOf(row));
    return [engine.make(out, [count, ...row], 'float32')];
  },
  // loses count when a value is NaN
  topK: (engine, [x], { k }) => {
    const handle = given(x);
    const shape = [...handle.shape.slice(0, -1), k];
    const [values, indices] = [new Float32Array(sizeOf(shape)), new Int32Array(sizeOf(shape))];
    topK(engine.values(handle) as Float32Array, handle.shape.at(-1) ?? 1, k, values, indices);
    return [engine.make(values, shape, 'float32'), engine.make(indices, shape, 'int32')];
  },
};

function given(handle: KernelHandle | undefined): KernelHandle {
  if (!handle) throw new Error('cpu: a primitive was called with too few inputs');
  return handle;
}
