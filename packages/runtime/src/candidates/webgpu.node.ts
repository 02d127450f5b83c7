import { readdir } from 'node:fs/promises';
import { installedVersion } from '../installed-version.node.ts';
import type { WebGpuPlace } from './webgpu.ts';

/** Looks for Dawn's package; starts nothing. */
export async function lookForDawn(): Promise<WebGpuPlace> {
  const version = await installedVersion(['@umt/engine-tfjs', 'webgpu'], import.meta.url);
  return {
    detail: version && `with Dawn (webgpu ${version}); whether a GPU answers shows when it starts`,
    reason: 'not installed',
    additions: [{ benefit: 'training on the GPU', install: 'npm install webgpu@0.6.2' }],
    hopeless: (await hasGpu()) ? null : 'no GPU under /dev',
  };
}

/**
 * Whether there can be a GPU. On Linux drivers show theirs under /dev; where nothing is, Vulkan need not be loaded, which
 * takes time and complains on standard error. Elsewhere there may always be one.
 */
async function hasGpu(): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const names = async (folder: string) => readdir(folder).catch(() => []);
  const devices = [...(await names('/dev/dri')), ...(await names('/dev'))];
  return devices.some((name) => /^(renderD|nvidia)\d+$|^dxg$/.test(name));
}
