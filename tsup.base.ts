import { defineConfig } from 'tsup';

/**
 * The one build every package uses: ESM and source maps. Type declarations of all packages come from one TypeScript
 * program in scripts/build.mjs, which `pnpm build` runs.
 */
export function packageConfig(entry: readonly string[] = ['src/index.ts']) {
  return defineConfig({
    entry: [...entry],
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    sourcemap: true,
    clean: true,
    external: [/^node:/],
    removeNodeProtocol: false,
    treeshake: true,
  });
}
