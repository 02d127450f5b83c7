import {
  describeClassifierFixtures,
  describeEngine,
  describeStage1Fixtures,
  describeVideoMaeFixtures,
} from '@umt/conformance';
import { createWasmEngine } from '@umt/engine-tfjs';
import { WASM_PATHS } from './support/wasm-paths.ts';

const create = () => createWasmEngine({ wasmPaths: WASM_PATHS });

await describeEngine('wasm', create);
await describeStage1Fixtures('wasm', create);
await describeVideoMaeFixtures('wasm', create);
await describeClassifierFixtures('wasm', create);
