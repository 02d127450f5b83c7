import { createCpuEngine, createWasmEngine } from '@umt/engine-tfjs';
import { createReferenceEngine } from '../src/reference-engine.ts';
import { describeStage1Fixtures } from '../src/stage1-fixtures.ts';

describeStage1Fixtures('the float64 reference engine', createReferenceEngine);
describeStage1Fixtures('cpu', createCpuEngine);
describeStage1Fixtures('wasm+onnxruntime', () => createWasmEngine({ gemm: 'onnxruntime' }));
describeStage1Fixtures('wasm+xnnpack', () => createWasmEngine({ gemm: 'xnnpack' }));
