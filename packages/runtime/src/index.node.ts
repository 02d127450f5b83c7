import { cpuCandidate } from './candidates/cpu.ts';
import { tensorFlowCandidate } from './candidates/tensorflow.ts';
import { torchCandidate } from './candidates/torch.ts';
import { wasmCandidate } from './candidates/wasm.ts';
import { lookForDawn } from './candidates/webgpu.node.ts';
import { webGpuCandidate } from './candidates/webgpu.ts';
import { installedVersion } from './installed-version.node.ts';
import {
  loadChosen,
  probeAll,
  type Attempt,
  type CandidateReport,
  type LoadedEngine,
  type LoadOptions,
} from './pick.ts';

export * from './api.ts';
export { installedVersion };

const torch = torchCandidate(async () => (await import('@umt/engine-torch')).inspectTorch());
const tensorFlow = tensorFlowCandidate(
  async () => (await import('@umt/engine-tfjs')).findTensorFlow()?.package ?? null,
);
const webGpu = webGpuCandidate(lookForDawn);
const wasm = wasmCandidate(() => installedVersion(['@umt/engine-tfjs', 'onnxruntime-node'], import.meta.url));

/** Engines of Node. */
const candidates = [torch, tensorFlow, webGpu, wasm, cpuCandidate];

/** What 'auto' tries in Node: GPUs, then the CPU. */
const attempts: readonly Attempt[] = [
  { candidate: torch, place: 'cuda' },
  { candidate: tensorFlow },
  { candidate: webGpu },
  { candidate: torch, place: 'cpu' },
  { candidate: wasm },
];

/**
 * Picks and starts an engine in Node: by name, by the environment's UMT_DEVICE, or the best that runs here. An engine that
 * was asked for and cannot run is an error that says what to install, never another engine.
 *
 * @throws DeviceError when the one that was asked for is unknown or does not start
 */
export async function loadEngine(options: LoadOptions = {}): Promise<LoadedEngine> {
  return loadChosen(options, { candidates, attempts, environment: process.env['UMT_DEVICE'] });
}

/** Every engine there is for Node, and whether it can run here; nothing is started. */
export async function describeDevices(): Promise<readonly CandidateReport[]> {
  return probeAll(candidates);
}
