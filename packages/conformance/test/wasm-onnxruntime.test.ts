import { createWasmEngine } from '@umt/engine-tfjs';
import { describeEngine } from '../src/index.ts';

await describeEngine('wasm+onnxruntime', () => createWasmEngine({ gemm: 'onnxruntime', threads: 2 }));
