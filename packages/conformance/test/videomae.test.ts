import { createCpuEngine, createWasmEngine } from '@umt/engine-tfjs';
import { createReferenceEngine, describeVideoMaeFixtures } from '../src/index.ts';

await describeVideoMaeFixtures('reference', createReferenceEngine);
await describeVideoMaeFixtures('cpu', createCpuEngine);
await describeVideoMaeFixtures('wasm+onnxruntime', () => createWasmEngine({ gemm: 'onnxruntime' }));
await describeVideoMaeFixtures('wasm+xnnpack', () => createWasmEngine({ gemm: 'xnnpack' }));
