// @ts-check
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const LIBRARIES = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];

/**
 * Where a Chromium that tests can drive is installed. UMT_CHROMIUM names another.
 * @returns {string | undefined}
 */
export function findChromium() {
  const named = process.env['UMT_CHROMIUM'];
  if (named) return named;
  const folders = (process.env['PATH'] ?? '').split(':');
  return COMMANDS.flatMap((command) => folders.map((folder) => join(folder, command))).find((path) => existsSync(path));
}

/**
 * What the environment needs so that WebGPU in Node finds the software GPU that comes with Chromium, beside whatever GPU
 * there is. Empty where there is no such thing.
 * @returns {Readonly<Record<string, string>>}
 */
export function softwareGpuEnvironment() {
  const named = process.env['UMT_CHROMIUM'];
  const driver = [...(named ? [dirname(named)] : []), ...LIBRARIES]
    .map((folder) => join(folder, 'vk_swiftshader_icd.json'))
    .find((path) => existsSync(path));
  const isChosen = ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES', 'VK_ADD_DRIVER_FILES'].some((name) => process.env[name]);
  return {
    // alone where it is all there is: other software drivers complain on standard error
    ...(driver && !isChosen && { [hasGpu() ? 'VK_ADD_DRIVER_FILES' : 'VK_ICD_FILENAMES']: driver }),
    // else Vulkan's loader complains about it in every test
    ...(!process.env['XDG_RUNTIME_DIR'] && { XDG_RUNTIME_DIR: '/tmp' }),
  };
}

/** Whether a driver shows a GPU. */
function hasGpu() {
  return ['/dev/dri', '/dev/nvidia0', '/dev/dxg'].some((path) => existsSync(path));
}
