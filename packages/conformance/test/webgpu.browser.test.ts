import { createWebGpuEngine, findWebGpuAdapter } from '@umt/engine-tfjs';
import { describeEngine, describeStage1Fixtures, describeVideoMaeFixtures } from '../src/index.ts';

const adapter = await findWebGpuAdapter();
const create = () => createWebGpuEngine();

// a GPU in software takes a minute for all cases, which it runs in Node
await describeEngine('webgpu', create, { every: adapter?.isSoftware ? 8 : 1 });
await describeStage1Fixtures('webgpu', create);
await describeVideoMaeFixtures('webgpu', create);
