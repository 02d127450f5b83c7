import { createWebGpuEngine } from '@umt/engine-tfjs';
import { describeEngine, describeStage1Fixtures } from '../src/index.ts';

const create = () => createWebGpuEngine();
await describeEngine('webgpu', create, { every: 8 });
await describeStage1Fixtures('webgpu', create);
