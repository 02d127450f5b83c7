import { WebGpuUnavailableError } from './errors.ts';

/** Which GPU to take. */
export interface WebGpuAdapterOptions {
  /** 'high-performance' (default) prefers a discrete GPU. */
  readonly powerPreference?: 'high-performance' | 'low-power';
  /** In Node: options for Dawn, such as 'backend=vulkan' or 'adapter=NVIDIA'. Browsers have no such choice. */
  readonly dawnOptions?: readonly string[];
}

/** An adapter in words. */
export interface WebGpuAdapter {
  /** Vendor, architecture and driver as far as they are told, e.g. `nvidia ampere`. */
  readonly name: string;
  /** True for an adapter that computes on the CPU, such as SwiftShader: right, and slower than wasm. */
  readonly isSoftware: boolean;
}

/** WebGPU's entry, and a way to build things that look for it on `navigator`. */
export interface GpuSource {
  readonly gpu: GPU;
  /** Runs `build`, which must be synchronous, while `navigator.gpu` is there. */
  expose<T>(build: () => T): T;
}

/** Opens WebGPU: the browser's, or Dawn in Node. Throws WebGpuUnavailableError where there is none. */
export type OpenGpu = (dawnOptions: readonly string[]) => Promise<GpuSource>;

/** What adapters say of themselves; newer than the type declarations. */
type AdapterInfo = Partial<Record<'vendor' | 'architecture' | 'device' | 'description', string>> & {
  readonly isFallbackAdapter?: boolean;
};

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|basic render|\bwarp\b|software/i;

/**
 * Asks for an adapter.
 * @throws WebGpuUnavailableError when there is none
 */
export async function requestAdapter(
  { gpu }: GpuSource,
  { powerPreference = 'high-performance' }: WebGpuAdapterOptions,
): Promise<GPUAdapter> {
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (adapter) return adapter;
  throw new WebGpuUnavailableError(
    'webgpu: there is no adapter; install a Vulkan, Metal or Direct3D 12 driver, or choose another device',
  );
}

/** The adapter's own words. */
export function infoOf(adapter: GPUAdapter): AdapterInfo {
  return (adapter as { info?: AdapterInfo }).info ?? {};
}

/** Puts an adapter into words. */
export function describeAdapter(adapter: GPUAdapter): WebGpuAdapter {
  const { vendor, architecture, device, description, isFallbackAdapter } = infoOf(adapter);
  const words = [vendor, architecture, description || device].filter((word) => word);
  const name = words.join(' ') || 'an adapter that gives no name';
  const isFallback = isFallbackAdapter ?? (adapter as { isFallbackAdapter?: boolean }).isFallbackAdapter ?? false;
  return { name, isSoftware: isFallback || SOFTWARE.test(name) };
}
