import type { Addition, Candidate } from '../candidate.ts';

/** What is known of onnxruntime-node here: its version, or null where it is not installed; undefined where it cannot be. */
export type FindOnnxRuntime = () => Promise<string | null | undefined>;

const ONNX_RUNTIME: Addition = {
  benefit: 'matrix products about 8 times faster on two cores',
  install: 'npm install onnxruntime-node@1.30.0',
};

/** TensorFlow.js's wasm backend behind our interface: runs everywhere. */
export function wasmCandidate(findOnnxRuntime: FindOnnxRuntime): Candidate {
  return {
    name: 'wasm',
    about: 'WebAssembly on the CPU',
    isAutomatic: true,
    async probe() {
      const version = await findOnnxRuntime();
      if (version === undefined) return { isAvailable: true, detail: 'with XNNPACK', additions: [] };
      if (version === null) return { isAvailable: true, detail: 'with XNNPACK, one thread', additions: [ONNX_RUNTIME] };
      return { isAvailable: true, detail: `with onnxruntime-node ${version}`, additions: [] };
    },
    async load(options) {
      const { createWasmEngine } = await import('@umt/engine-tfjs');
      return createWasmEngine(options);
    },
  };
}
