import type { WebGpuPlace } from './webgpu.ts';

/** Looks for the browser's WebGPU; starts nothing. */
export async function lookForBrowserGpu(): Promise<WebGpuPlace> {
  const hasGpu = 'navigator' in globalThis && 'gpu' in globalThis.navigator;
  return {
    detail: hasGpu ? 'whether a GPU answers shows when it starts' : null,
    reason: 'no WebGPU in this browser or page, which must come by https or from localhost',
    additions: [],
    hopeless: null,
  };
}
