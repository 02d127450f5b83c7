import { TorchUnavailableError, type TorchEngineOptions, type TorchReport } from '@umt/engine-torch';
import type { Addition, Candidate } from '../candidate.ts';

const BENEFIT = "training at PyTorch's speed, on CUDA or the CPU, in float32 and bfloat16";
const BUILD = 'npx @umt/engine-torch build';

/** What to run for each thing that may be missing. */
const INSTALL: Readonly<Record<string, string>> = {
  torch: `pip install torch && ${BUILD}`,
  headers: `apt-get install libtorch-dev && ${BUILD}`,
};
const FAST_BLAS: Addition = {
  benefit: "torch's matrix products some 60 times faster",
  install: 'apt-get install libopenblas0-openmp',
};

/** libtorch, as the user installed it: 'auto' takes CUDA before everything else and the CPU before wasm. */
export function torchCandidate(inspect: () => Promise<TorchReport>): Candidate {
  return {
    name: 'torch',
    about: "PyTorch's library, on CUDA or the CPU",
    isAutomatic: true,
    places: 'cpu, cuda, cuda:<number>',
    async probe() {
      try {
        const { torch, bridge } = await inspect();
        const detail = `torch ${torch.version}, ${torch.hasCuda ? 'built with CUDA, ' : ''}${torch.blas.name}`;
        const slow = torch.blas.isReference ? [FAST_BLAS] : [];
        if (bridge !== null) return { isAvailable: true, detail, additions: slow };
        const additions = [{ benefit: BENEFIT, install: BUILD }, ...slow];
        return { isAvailable: false, reason: `the bridge to torch ${torch.version} is not built yet`, additions };
      } catch (error) {
        if (!(error instanceof TorchUnavailableError)) throw error;
        const install = INSTALL[error.reason];
        const additions = install === undefined ? [] : [{ benefit: BENEFIT, install }];
        return {
          isAvailable: false,
          reason: error.message.replace(/^torch: |; (on Debian )?run: .*$/g, ''),
          additions,
        };
      }
    },
    async load({ threads, gpu }, isAskedFor, place) {
      const { torch } = await inspect();
      if (!isAskedFor && place === 'cuda' && !torch.hasCuda) throw new Error('no CUDA in this torch');
      if (!isAskedFor && place === 'cpu' && torch.blas.isReference) {
        throw new Error(`its ${torch.blas.name} is slower than wasm; run: ${FAST_BLAS.install}`);
      }
      const { createTorchEngine } = await import('@umt/engine-torch');
      const device = (place ?? 'auto') as NonNullable<TorchEngineOptions['device']>;
      return createTorchEngine({
        device,
        ...(threads === undefined ? {} : { threads }),
        ...(gpu === undefined ? {} : { gpu }),
      });
    },
  };
}
