import type { Addition, Candidate } from '../candidate.ts';

/** What is known of WebGPU here before anything is started. */
export interface WebGpuPlace {
  /** In words, where it can be tried; null where it cannot. */
  readonly detail: string | null;
  /** Why it cannot be tried. */
  readonly reason: string;
  readonly additions: readonly Addition[];
  /** Why 'auto' need not try it; null where it should. */
  readonly hopeless: string | null;
}

/** WebGPU behind our interface. 'auto' takes it on a real GPU only. */
export function webGpuCandidate(look: () => Promise<WebGpuPlace>): Candidate {
  return {
    name: 'webgpu',
    about: 'the GPU, through WebGPU',
    isAutomatic: true,
    async probe() {
      const { detail, reason, additions } = await look();
      return detail === null ? { isAvailable: false, reason, additions } : { isAvailable: true, detail, additions: [] };
    },
    async load(_options, isAskedFor) {
      const { hopeless } = await look();
      if (!isAskedFor && hopeless !== null) throw new Error(hopeless);
      const { createWebGpuEngine, findWebGpuAdapter } = await import('@umt/engine-tfjs');
      // a GPU in software is right and slower than wasm
      const adapter = isAskedFor ? null : await findWebGpuAdapter();
      if (adapter?.isSoftware) throw new Error(`${adapter.name} computes on the CPU, slower than wasm`);
      return createWebGpuEngine();
    },
  };
}
