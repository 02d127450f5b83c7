import { createWasmEngine } from '@umt/engine-tfjs';
import { describeEngine } from '../src/index.ts';

await describeEngine('wasm+xnnpack', () => createWasmEngine({ gemm: 'xnnpack' }));
