import type { TensorFlowPackage } from '@umt/engine-tfjs';
import type { Candidate } from '../candidate.ts';

/** TensorFlow's own library, as the user installed it. 'auto' takes the one with CUDA only: on the CPU wasm is faster. */
export function tensorFlowCandidate(find: () => Promise<TensorFlowPackage | null>): Candidate {
  return {
    name: 'tensorflow',
    about: "TensorFlow's native library, with CUDA through tfjs-node-gpu",
    isAutomatic: true,
    async probe() {
      const found = await find();
      if (found) return { isAvailable: true, detail: `with @tensorflow/${found}`, additions: [] };
      const addition = { benefit: 'TensorFlow with CUDA 11', install: 'npm install @tensorflow/tfjs-node-gpu@4.22.0' };
      return { isAvailable: false, reason: 'not installed', additions: [addition] };
    },
    async load(_options, isAskedFor) {
      if (!isAskedFor && (await find()) !== 'tfjs-node-gpu') throw new Error('on the CPU it is slower than wasm');
      const { createTensorFlowEngine } = await import('@umt/engine-tfjs');
      const engine = await createTensorFlowEngine();
      if (isAskedFor || engine.capabilities.deviceName.includes('CUDA')) return engine;
      engine.dispose();
      throw new Error('tfjs-node-gpu finds no GPU, and on the CPU it is slower than wasm');
    },
  };
}
