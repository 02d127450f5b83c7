import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { TorchUnavailableError } from '../errors.ts';
import type { FoundTorch } from '../options.ts';
import type { NativeModule } from '../torch/native.ts';
import { bridgeFilesFor } from './bridge-files.ts';

/** What libraries beneath torch read when they are loaded; the user's own settings stay. */
const ENVIRONMENT = {
  // waiting threads would spin, and take the processor from data workers
  OMP_WAIT_POLICY: 'PASSIVE',
  // cuBLAS repeats its bits with this much workspace
  CUBLAS_WORKSPACE_CONFIG: ':4096:8',
};

/**
 * Loads the built bridge, and torch with it.
 * @throws TorchUnavailableError 'not-built' before `npx @umt/engine-torch build`, 'unusable' when it does not load
 */
export function loadBridge(torch: FoundTorch): NativeModule {
  const files = bridgeFilesFor(torch);
  if (!existsSync(files.bridge)) {
    throw new TorchUnavailableError(
      'not-built',
      `the bridge to torch ${torch.version} is not built yet; run: npx @umt/engine-torch build`,
    );
  }
  const load = createRequire(import.meta.url);
  try {
    const environment = load(files.environment) as { setDefault(name: string, value: string): void };
    for (const [name, value] of Object.entries(ENVIRONMENT)) environment.setDefault(name, value);
    return load(files.bridge) as NativeModule;
  } catch (cause) {
    const message = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new TorchUnavailableError(
      'unusable',
      `torch ${torch.version} in ${torch.libraries} does not load: ${message}`,
      {
        cause,
      },
    );
  }
}
