import type { DataId, DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import type { GpuSource } from './adapter.ts';

type Uniforms = Parameters<WebGPUBackend['runWebGPUProgram']>[3];

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

/** tfjs's backend on a device of our own, with three of its habits corrected. */
export function createBackend(
  { webgpu }: TfjsWebGpu,
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

    /** Keeps no second copy in host memory of what was read. */
    override async read(dataId: DataId): ReturnType<WebGPUBackend['read']> {
      const values = await super.read(dataId);
      if (this.tensorMap.has(dataId)) {
        const data = this.tensorMap.get(dataId);
        if (data.resource) Object.assign(data, { values: null });
      }
      return values;
    }

    override runWebGPUProgram(
      program: WebGPUProgram,
      inputs: TensorInfo[],
      dtype: DataType,
      uniforms?: Uniforms,
      output?: TensorInfo,
    ): TensorInfo {
      if (program.shaderKey.startsWith('matMul')) guardInnerDimension(program);
      return super.runWebGPUProgram(program, inputs, dtype, uniforms, output);
    }
  }

  return source.expose(() => new Backend(device, info));
}

/**
 * tfjs's matrix products read B past its last row, into whatever comes next, and rely on A being 0 there: a NaN or infinity
 * in the next matrix of a batch would spread, as 0 times it is NaN.
 */
function guardInnerDimension(program: WebGPUProgram): void {
  const getUserCode = program.getUserCode.bind(program);
  program.getUserCode = () => {
    const code = getUserCode();
    const guarded = code.replace(/value = getB\(([^)]*)\);/, 'if (row < uniforms.dimInner) { value = getB($1); }');
    if (guarded === code)
      throw new Error('webgpu: tfjs-backend-webgpu 4.22.0 was expected; its matrix product has changed');
    return guarded;
  };
}
