import type { GpuSource } from '../webgpu/adapter.ts';
import { WebGpuUnavailableError } from '../webgpu/errors.ts';

const INSTALL = 'npm install webgpu@0.6.2';

/**
 * Opens WebGPU in Node: Dawn, from the optional package `webgpu`.
 * @throws WebGpuUnavailableError when the package is missing or its library does not load
 */
export async function openDawn(options: readonly string[]): Promise<GpuSource> {
  const { create, globals } = await importDawn();
  // GPUBufferUsage and the classes that backends test against; where the host has its own they stay
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const gpu = create([...options]);
  return { gpu, expose: (build) => withNavigator(gpu, build) };
}

async function importDawn(): Promise<typeof import('webgpu')> {
  try {
    return await import('webgpu');
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND';
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new WebGpuUnavailableError(
      isMissing
        ? `webgpu: the package that brings WebGPU to Node is not installed; run: ${INSTALL}`
        : `webgpu: the package webgpu does not load (${message}); run: ${INSTALL}`,
      { cause },
    );
  }
}

/** `navigator.gpu` for a moment only: other code must not take this process for a browser. */
function withNavigator<T>(gpu: GPU, build: () => T): T {
  const scope = globalThis as { navigator?: object };
  const navigator = scope.navigator ?? {};
  const hadNavigator = scope.navigator !== undefined;
  const before = Object.getOwnPropertyDescriptor(navigator, 'gpu');
  if (!hadNavigator) Object.defineProperty(scope, 'navigator', { value: navigator, configurable: true });
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  try {
    return build();
  } finally {
    if (before) Object.defineProperty(navigator, 'gpu', before);
    else Reflect.deleteProperty(navigator, 'gpu');
    if (!hadNavigator) Reflect.deleteProperty(scope, 'navigator');
  }
}
