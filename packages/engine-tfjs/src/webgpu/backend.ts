import type { DataId } from '@tensorflow/tfjs-core';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { GpuSource } from './adapter.ts';

/** What of tfjs's webgpu package and its core is used, loaded on demand. */
export interface TfjsWebGpu {
  readonly core: typeof import('@tensorflow/tfjs-core');
  readonly webgpu: typeof import('@tensorflow/tfjs-backend-webgpu');
}

/** Loads tfjs's webgpu backend. It takes nothing over: its global registry and current backend stay as they are. */
export async function loadTfjsWebGpu(): Promise<TfjsWebGpu> {
  const [core, webgpu] = await Promise.all([
    import('@tensorflow/tfjs-core'),
    import('@tensorflow/tfjs-backend-webgpu'),
  ]);
  // small tensors would be computed in JavaScript, which is slower than it sounds and rounds otherwise
  core.env().set('WEBGPU_CPU_FORWARD', false);
  return { core, webgpu };
}

/** tfjs's backend on a device of our own, with two of its habits corrected. */
export function createBackend(
  { core, webgpu }: TfjsWebGpu,
  source: GpuSource,
  device: GPUDevice,
  info: GPUAdapterInfo | undefined,
): WebGPUBackend {
  const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);

  class Backend extends webgpu.WebGPUBackend {
    /** Refuses in plain words what the GPU would refuse later in its own. */
    override uploadToGPU(dataId: DataId): void {
      const { shape, dtype, resource } = this.tensorMap.get(dataId);
      const bytes = shape.reduce((product, length) => product * length, 4);
      if (!resource && bytes > limit) {
        throw new Error(
          `webgpu: a ${dtype} tensor [${shape.join(', ')}] takes ${bytes} bytes, and this device binds at most ${limit} ` +
            'at once; use a smaller batch or fewer tokens',
        );
      }
      super.uploadToGPU(dataId);
    }

    /** Keeps no second copy in host memory of what was read, and lets the tensor go while it is being read. */
    override async read(dataId: DataId): ReturnType<WebGPUBackend['read']> {
      const { values, resource, dtype } = this.tensorMap.get(dataId);
      if (values) return values;
      const data = await this.getBufferData(resource as GPUBuffer);
      return core.util.convertBackendValuesAndArrayBuffer(data, dtype);
    }
  }

  return source.expose(() => new Backend(device, info));
}
