import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FoundTorch } from '../options.ts';

/** Where the bridge's sources lie: beside src/ and beside dist/. */
export const SOURCES = fileURLToPath(
  ['../../native/', '../native/']
    .map((folder) => new URL(folder, import.meta.url))
    .find((folder) => existsSync(new URL('bridge.cc', folder))) ?? new URL('../native/', import.meta.url),
);

/** The two parts of the bridge: one links to torch, the other sets the environment before torch is loaded. */
export interface BridgeFiles {
  readonly folder: string;
  readonly bridge: string;
  readonly environment: string;
}

/** What the compiler is told, but for where things lie. */
export function compilerFlags({ version, hasCxx11Abi }: FoundTorch): readonly string[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const needsCxx20 = major > 2 || (major === 2 && minor >= 10);
  return [
    ...['-shared', '-fPIC', '-O3', '-fno-math-errno', '-fvisibility=hidden', '-w'],
    // `at::parallel_for` is a loop on one thread without OpenMP. Given to the compiler alone, not to the linker: the symbols
    // are those of the OpenMP that torch has loaded, and one process has one pool of threads.
    ...['-Xpreprocessor', '-fopenmp'],
    `-std=c++${needsCxx20 ? 20 : 17}`,
    `-D_GLIBCXX_USE_CXX11_ABI=${hasCxx11Abi ? 1 : 0}`,
  ];
}

/** The folder of Node's C headers. */
export function nodeHeaders(): string {
  const require = createRequire(import.meta.url);
  const headers = require('node-api-headers') as { readonly include_dir: string };
  return headers.include_dir;
}

/**
 * Where the bridge for a torch is kept: in the user's cache, under a name that changes with torch's version and place, its
 * ABI, the compiler's flags and the sources.
 */
export function bridgeFilesFor(torch: FoundTorch, environment: NodeJS.ProcessEnv = process.env): BridgeFiles {
  const hash = createHash('sha256');
  for (const name of readdirSync(SOURCES).sort()) hash.update(name).update(readFileSync(join(SOURCES, name)));
  hash.update(JSON.stringify([torch.libraries, torch.includes, compilerFlags(torch)]));
  const cache = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const name = `torch-${torch.version}-${process.arch}-${hash.digest('hex').slice(0, 16)}`;
  const folder = join(cache, 'umt', 'engine-torch', name);
  return { folder, bridge: join(folder, 'bridge.node'), environment: join(folder, 'environment.node') };
}
