import { createWebGpuEngine, findWebGpuAdapter, GpuError } from '@umt/engine-tfjs';
import { expect, it } from 'vitest';
import {
  describeClassifierFixtures,
  describeEngine,
  describeOn,
  describeStage1Fixtures,
  describeVideoMaeFixtures,
} from '../src/index.ts';

/** Everything that WebGPU must pass, in Node as in browsers. */
export async function describeWebGpu(): Promise<void> {
  await describeEngine('webgpu', () => createWebGpuEngine());
  await describeStage1Fixtures('webgpu', () => createWebGpuEngine());
  await describeVideoMaeFixtures('webgpu', () => createWebGpuEngine());
  await describeClassifierFixtures('webgpu', () => createWebGpuEngine());
  await describeInjectedErrors();
}

/** That a test cannot pass while the GPU fails: errors are put in by hand, and the tests that do so must fail. */
async function describeInjectedErrors(): Promise<void> {
  const devices: GPUDevice[] = [];
  const fail = () => devices[0]?.createShaderModule({ code: 'this is no shader' });
  await describeOn(
    'webgpu',
    () => spied(devices),
    (engine) => {
      it.fails('a GPU error that no read of a test meets fails that test all the same', () => {
        fail();
      });

      it('one outside every error scope is thrown by a read, at the latest by the one after the next', async () => {
        const scopes = ['validation', 'out-of-memory', 'internal'] as const;
        for (const _ of scopes) void devices[0]?.popErrorScope();
        fail();
        for (const scope of scopes) devices[0]?.pushErrorScope(scope);
        const one = engine.upload(Float32Array.of(1), [1], 'float32');
        const reads = async () => {
          // browsers tell of it in a task of its own
          await engine.read(one);
          await engine.read(one);
        };
        await expect(reads()).rejects.toThrow(GpuError);
        engine.free(one);
      });

      it('a test without any passes after them', () => {
        expect(engine.name).toBe('webgpu');
        expect(devices).toHaveLength(1);
      });
    },
  );
}

/** Starts an engine and keeps hold of the device that it asks for. */
async function spied(devices: GPUDevice[]) {
  // Dawn's classes are there once it was opened
  await findWebGpuAdapter();
  const { prototype } = GPUAdapter;
  const { requestDevice } = prototype;
  prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    devices.push(device);
    return device;
  };
  try {
    return await createWebGpuEngine();
  } finally {
    prototype.requestDevice = requestDevice;
  }
}
