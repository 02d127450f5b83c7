import { describeWebGpu } from './webgpu-suites.ts';

await describeWebGpu();
