import { cpuCandidate } from './candidates/cpu.ts';
import { tensorFlowCandidate } from './candidates/tensorflow.ts';
import { wasmCandidate } from './candidates/wasm.ts';
import { lookForDawn } from './candidates/webgpu.node.ts';
import { webGpuCandidate } from './candidates/webgpu.ts';
import { installedVersion } from './installed-version.node.ts';
import { loadChosen, probeAll, type CandidateReport, type LoadedEngine, type LoadOptions } from './pick.ts';

export * from './api.ts';
export { installedVersion };

/** Engines of Node in the order in which 'auto' tries them. */
const candidates = [
  tensorFlowCandidate(async () => (await import('@umt/engine-tfjs')).findTensorFlow()?.package ?? null),
  webGpuCandidate(lookForDawn),
  wasmCandidate(() => installedVersion(['@umt/engine-tfjs', 'onnxruntime-node'], import.meta.url)),
  cpuCandidate,
];

/**
 * Picks and starts an engine in Node: by name, by the environment's UMT_DEVICE, or the best that runs here. An engine that
 * was asked for and cannot run is an error that says what to install, never another engine.
 *
 * @throws DeviceError when the one that was asked for is unknown or does not start
 */
export async function loadEngine(options: LoadOptions = {}): Promise<LoadedEngine> {
  return loadChosen(options, { candidates, environment: process.env['UMT_DEVICE'] });
}

/** Every engine there is for Node, and whether it can run here; nothing is started. */
export async function describeDevices(): Promise<readonly CandidateReport[]> {
  return probeAll(candidates);
}
