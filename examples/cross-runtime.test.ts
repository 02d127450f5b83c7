import { isRequired } from '@umt/conformance';
import { describeDevices, loadEngine } from '@umt/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { losses } from './cross-runtime.ts';

/** Why a device cannot start here, or null. */
async function absence(device: string): Promise<string | null> {
  try {
    const { engine } = await loadEngine({ device });
    engine.dispose();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

// every device there is, but the slow reference
const names = (await describeDevices()).map(({ name }) => name).filter((name) => name !== 'wasm' && name !== 'cpu');
const others = await Promise.all(names.map(async (device) => ({ device, reason: await absence(device) })));

describe('twenty steps of stage 1', () => {
  let onWasm: readonly number[];
  beforeAll(async () => {
    onWasm = await losses('wasm', 'assets/clips');
  }, 60_000);

  it('learn on wasm', () => {
    expect(onWasm).toHaveLength(20);
    expect(onWasm.at(-1)).toBeLessThan(0.9 * (onWasm[0] ?? 0));
  });

  for (const { device, reason } of others) {
    const isSkipped = reason !== null && !isRequired(device, process.env['UMT_REQUIRE_ENGINES'] ?? '');
    it.skipIf(isSkipped)(`have the same losses on ${device}${isSkipped ? ` (${reason})` : ''}`, async () => {
      const found = await losses(device, 'assets/clips');
      const differences = found.map((loss, step) => Math.abs(loss - (onWasm[step] ?? NaN)));
      expect(found).toHaveLength(20);
      expect(Math.max(...differences)).toBeLessThan(1e-4);
      console.log(`${device}: losses within ${Math.max(...differences).toExponential(1)} of those on wasm`);
    });
  }
});
