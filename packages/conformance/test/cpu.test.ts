import { createCpuEngine } from '@umt/engine-tfjs';
import { describeEngine } from '../src/index.ts';

await describeEngine('cpu', createCpuEngine);
