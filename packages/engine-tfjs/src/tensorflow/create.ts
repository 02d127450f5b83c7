import type { Engine } from '@umt/tensor';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import type { KernelEngineOptions } from '../kernels/engine.ts';
import { sumInDouble, type TensorFlowBackend } from './backend.ts';
import { SUM_IN_DOUBLE, TensorFlowEngine, tensorFlowOverrides } from './engine.ts';
import type { TensorFlowPackage } from './packages.ts';

type Kernel = NonNullable<ReturnType<KernelEngineOptions['kernel']>>;

/** A loaded tfjs-node. It brings a tfjs-core of its own, which is not always the one this package has. */
export interface LoadedTensorFlow {
  readonly package: TensorFlowPackage;
  readonly tf: {
    readonly getKernel: typeof import('@tensorflow/tfjs-core').getKernel;
    readonly findBackend: (name: string) => KernelBackend | null;
    readonly version: Readonly<Record<string, string>>;
  };
}

/** The engine over tfjs-node's backend, of which there is one per process. */
export function createTensorFlowEngineWith({ package: name, tf }: LoadedTensorFlow): Engine {
  const backend = tf.findBackend('tensorflow') as TensorFlowBackend | null;
  if (!backend) throw new Error(`tensorflow: @tensorflow/${name} loaded, but registered no backend`);
  return new TensorFlowEngine({
    name: 'tensorflow',
    backend,
    kernel: (wanted) =>
      wanted === SUM_IN_DOUBLE
        ? (sumInDouble as unknown as Kernel)
        : (tf.getKernel(wanted, 'tensorflow')?.kernelFunc as Kernel | undefined),
    capabilities: {
      precisions: ['float32'],
      maxTensorSize: 2 ** 31 - 1,
      threads: 1,
      deviceName: `TensorFlow on ${backend.isUsingGpuDevice ? 'CUDA' : 'CPU'} (${name} ${tf.version['tfjs-node'] ?? '?'})`,
    },
    overrides: tensorFlowOverrides,
  });
}
