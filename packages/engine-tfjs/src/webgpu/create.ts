import { KernelEngine, type KernelEngineOptions } from '../kernels/engine.ts';
import {
  describeAdapter,
  infoOf,
  requestAdapter,
  type OpenGpu,
  type WebGpuAdapter,
  type WebGpuAdapterOptions,
} from './adapter.ts';
import { createBackend, loadTfjsWebGpu } from './backend.ts';
import { requestDevice } from './device.ts';
import { WebGpuEngine } from './engine.ts';
import { WebGpuUnavailableError } from './errors.ts';
import { elementwiseShaders } from './shaders/elementwise.ts';
import { indexingShaders } from './shaders/indexing.ts';
import { layoutShaders } from './shaders/layout.ts';
import { matmulShaders } from './shaders/matmul.ts';
import { SHADER_KERNEL, shaderKernel } from './shaders/program.ts';
import { reduceShaders } from './shaders/reduce.ts';

type Kernel = NonNullable<ReturnType<KernelEngineOptions['kernel']>>;

/**
 * Starts the WebGPU engine on a device of its own.
 * @throws WebGpuUnavailableError when there is no WebGPU or no adapter
 */
export async function createWebGpuEngineWith(options: WebGpuAdapterOptions, open: OpenGpu): Promise<WebGpuEngine> {
  const source = await open(options.dawnOptions ?? []);
  const adapter = await requestAdapter(source, options);
  const device = await requestDevice(adapter);
  const tfjs = await loadTfjsWebGpu();
  const backend = createBackend(tfjs, source, device, infoOf(adapter) as GPUAdapterInfo);
  const { name, isSoftware } = describeAdapter(adapter);
  const kernels = new KernelEngine({
    name: 'webgpu',
    backend,
    kernel: (wanted) =>
      wanted === SHADER_KERNEL
        ? (shaderKernel as unknown as Kernel)
        : (tfjs.core.getKernel(wanted, 'webgpu')?.kernelFunc as Kernel | undefined),
    capabilities: {
      precisions: ['float32'],
      maxTensorSize: Math.floor(Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize) / 4),
      threads: 1,
      deviceName: `WebGPU on ${name}${isSoftware ? ' (software: computes on the CPU)' : ''}`,
    },
    overrides: {
      ...elementwiseShaders,
      ...layoutShaders,
      ...reduceShaders,
      ...indexingShaders,
      ...matmulShaders,
    },
  });
  return new WebGpuEngine({ kernels, backend, device, source });
}

/** The adapter that an engine would run on, or null where there is none. No device is made. */
export async function findWebGpuAdapterWith(
  options: WebGpuAdapterOptions,
  open: OpenGpu,
): Promise<WebGpuAdapter | null> {
  try {
    return describeAdapter(await requestAdapter(await open(options.dawnOptions ?? []), options));
  } catch (error) {
    if (error instanceof WebGpuUnavailableError) return null;
    throw error;
  }
}
