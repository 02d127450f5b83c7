import { isRequired } from '@umt/conformance';
import { loadEngine, type LoadOptions } from '@umt/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { commands } from 'vitest/browser';
import { WASM_PATHS } from '../packages/engine-tfjs/test/support/wasm-paths.ts';
import { losses } from './cross-runtime.ts';

declare module 'vitest/browser' {
  interface BrowserCommands {
    /** Runs the same example in Node, on wasm, and gives its losses. */
    lossesInNode: () => Promise<readonly number[]>;
  }
}

const devices: readonly LoadOptions[] = [{ device: 'wasm', wasmPaths: WASM_PATHS }, { device: 'webgpu' }];
const required = (globalThis as { process?: { env: Record<string, string | undefined> } }).process?.env;

const runnable = await Promise.all(
  devices.map(async (options) => {
    const { engine, reason } = await loadEngine(options).then(
      ({ engine }) => ({ engine, reason: null }),
      (error: unknown) => ({ engine: null, reason: String(error) }),
    );
    engine?.dispose();
    return { options, reason };
  }),
);

describe('twenty steps of stage 1 in this page', () => {
  let inNode: readonly number[];
  beforeAll(async () => {
    inNode = await commands.lossesInNode();
    expect(inNode).toHaveLength(20);
  }, 60_000);

  for (const { options, reason } of runnable) {
    const { device = 'auto' } = options;
    const isSkipped = reason !== null && !isRequired(device, required?.['UMT_REQUIRE_ENGINES'] ?? '');
    it.skipIf(isSkipped)(`have the losses of wasm in Node on ${device}${isSkipped ? ` (${reason})` : ''}`, async () => {
      const found = await losses(device, '/assets/clips', options);
      const differences = found.map((loss, step) => Math.abs(loss - (inNode[step] ?? NaN)));
      expect(found).toHaveLength(20);
      expect(Math.max(...differences)).toBeLessThan(1e-4);
      console.log(`${device}: losses within ${Math.max(...differences).toExponential(1)} of those in Node`);
    });
  }
});
