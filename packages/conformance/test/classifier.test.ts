import { createCpuEngine, createWasmEngine } from '@umt/engine-tfjs';
import { createReferenceEngine, describeClassifierFixtures } from '../src/index.ts';

await describeClassifierFixtures('reference', createReferenceEngine);
await describeClassifierFixtures('cpu', createCpuEngine);
await describeClassifierFixtures('wasm+onnxruntime', () => createWasmEngine({ gemm: 'onnxruntime' }));
await describeClassifierFixtures('wasm+xnnpack', () => createWasmEngine({ gemm: 'xnnpack' }));
