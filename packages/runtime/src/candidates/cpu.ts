import type { Candidate } from '../candidate.ts';

/** TensorFlow.js's plain JavaScript backend: the slow reference that other engines are held to. */
export const cpuCandidate: Candidate = {
  name: 'cpu',
  about: 'plain JavaScript, the slow reference for tests',
  isAutomatic: false,
  probe: () => Promise.resolve({ isAvailable: true, detail: 'one thread', additions: [] }),
  async load() {
    const { createCpuEngine } = await import('@umt/engine-tfjs');
    return createCpuEngine();
  },
};
