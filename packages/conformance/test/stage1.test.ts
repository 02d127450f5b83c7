import { createCpuEngine, createWasmEngine } from '@umt/engine-tfjs';
import { createReferenceEngine, describeStage1Fixtures } from '../src/index.ts';

await describeStage1Fixtures('reference', createReferenceEngine);
await describeStage1Fixtures('cpu', createCpuEngine);
await describeStage1Fixtures('wasm+onnxruntime', () => createWasmEngine({ gemm: 'onnxruntime' }));
await describeStage1Fixtures('wasm+xnnpack', () => createWasmEngine({ gemm: 'xnnpack' }));
