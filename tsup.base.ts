import { defineConfig } from 'tsup';

/**
 * The one build every package uses: ESM, types and source maps.
 * UMT_BUILD_TYPES=0 leaves the type declarations out, for a quick build before a run.
 */
export function packageConfig(entry: readonly string[] = ['src/index.ts']) {
  return defineConfig({
    entry: [...entry],
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    sourcemap: true,
    clean: true,
    dts: process.env['UMT_BUILD_TYPES'] !== '0',
    treeshake: true,
  });
}
