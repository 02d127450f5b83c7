import type { GpuSource } from './adapter.ts';
import { WebGpuUnavailableError } from './errors.ts';

/**
 * Opens the browser's WebGPU.
 * @throws WebGpuUnavailableError when it has none, or the page is not a secure context
 */
export async function openBrowserGpu(): Promise<GpuSource> {
  const { navigator, isSecureContext } = globalThis as { navigator?: { gpu?: GPU }; isSecureContext?: boolean };
  const gpu = navigator?.gpu;
  if (gpu) return { gpu, expose: (build) => build() };
  throw new WebGpuUnavailableError(
    isSecureContext === false
      ? 'webgpu: a page must come over https or from localhost to use WebGPU'
      : 'webgpu: this browser has no WebGPU; use a current one, or another device',
  );
}
