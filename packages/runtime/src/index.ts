import { cpuCandidate } from './candidates/cpu.ts';
import { wasmCandidate } from './candidates/wasm.ts';
import { lookForBrowserGpu } from './candidates/webgpu.browser.ts';
import { webGpuCandidate } from './candidates/webgpu.ts';
import { loadChosen, probeAll, type CandidateReport, type LoadedEngine, type LoadOptions } from './pick.ts';

export * from './api.ts';
export { installedVersion } from './installed-version.ts';

/** Engines of browsers in the order in which 'auto' tries them. */
const candidates = [webGpuCandidate(lookForBrowserGpu), wasmCandidate(() => Promise.resolve(undefined)), cpuCandidate];

/**
 * Picks and starts an engine in a browser: by name, or the best that runs here.
 *
 * @throws DeviceError when the one that was asked for is unknown or does not start
 */
export async function loadEngine(options: LoadOptions = {}): Promise<LoadedEngine> {
  return loadChosen(options, { candidates, environment: undefined });
}

/** Every engine there is for browsers, and whether it can run here; nothing is started. */
export async function describeDevices(): Promise<readonly CandidateReport[]> {
  return probeAll(candidates);
}
