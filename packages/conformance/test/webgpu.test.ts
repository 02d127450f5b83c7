import { createWebGpuEngine } from '@umt/engine-tfjs';
import { describeEngine } from '../src/index.ts';

process.env['VK_ICD_FILENAMES'] ??= '/usr/lib/chromium/vk_swiftshader_icd.json';
await describeEngine('webgpu', () => createWebGpuEngine());
